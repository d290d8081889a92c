"""Printify's answers as they came, kept so that the shop can sell while Printify is away."""

from datetime import timedelta
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone

from catalog.printify.errors import FailureCode


class PrintifyCacheQuerySet(models.QuerySet["PrintifyCache"]):
    def fresh(self) -> Self:
        return self.filter(expires_at__gt=timezone.now())

    def stale(self) -> Self:
        """Expired is stale, not gone: it is still served when Printify is down."""
        return self.filter(expires_at__lte=timezone.now())

    def postpone(self, kind: str, external_id: str, wait: timedelta, **values: object) -> None:
        """Keep what is known of the object, or store {} for nothing, and let it be due again after `wait`.

        `values` are further columns to set. Called before Printify is asked: a call that never ends, or that ends its
        process, is not the first of the next batch as well.
        """
        now = timezone.now()
        values["expires_at"] = now + wait
        blank = {"data": {}, "hash": "", "fetched_at": now}
        self.update_or_create(type=kind, external_id=external_id, defaults=values, create_defaults=blank | values)


class PrintifyCache(models.Model):
    """What Printify last said of one object, verbatim."""

    KINDS: ClassVar = [
        ("product", "product"),
        ("shop", "shop"),
        ("order", "order"),
        ("shipping", "shipping"),
        ("size_guide", "size guide"),
        ("safety", "product safety"),
        ("rate_card", "shipping rates"),
    ]

    type = models.CharField(max_length=12, choices=KINDS)
    external_id = models.CharField(max_length=40)
    data = models.JSONField()
    hash = models.CharField(max_length=64)
    fetched_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    error = models.TextField(blank=True, help_text="Why the last answer could not be used (quarantine).")
    error_code = models.CharField(max_length=20, choices=FailureCode.choices, blank=True)

    objects = PrintifyCacheQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["type", "external_id"], name="printify_cache_once")]

    def __str__(self) -> str:
        return f"{self.type} {self.external_id}"
