"""How long parcels really took: the numbers behind a delivery estimate."""

from django.db import models
from django.utils import timezone


class ObservedDelivery(models.Model):
    """Of the newest delivered `parcels` of a print provider to a country by a method, counted in days from payment:
    half had arrived after `p50_days`, nine of ten after `p90_days`.
    """

    print_provider_id = models.PositiveIntegerField()
    country = models.CharField(max_length=2)
    method = models.CharField(max_length=24)
    p50_days = models.PositiveSmallIntegerField()
    p90_days = models.PositiveSmallIntegerField()
    parcels = models.PositiveIntegerField()
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "observed deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["print_provider_id", "country", "method"], name="observed_delivery_once_a_lane"
            )
        ]

    def __str__(self) -> str:
        return f"{self.print_provider_id} to {self.country} by {self.method}"
