"""What a buyer says is wrong, with photos, and what they send back by law. Staff answer."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order, OrderLine


class ClaimKind(models.TextChoices):
    DAMAGED = "damaged", _("It is damaged or badly printed")
    WRONG = "wrong", _("It is not what I ordered")
    MISSING = "missing", _("Something is missing")
    LOST = "lost", _("It did not arrive")
    WITHDRAWAL = "withdrawal", _("Withdrawal")


class ClaimState(models.TextChoices):
    OPEN = "open", "Waits for an answer"
    REPRINTED = "reprinted", "Printed again"
    REFUNDED = "refunded", "Refunded"
    DECLINED = "declined", "Declined"


class Claim(models.Model):
    """`key` makes a second press find the first claim. `reprint` and `refund` say what the answer cost."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="claims")
    key = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=12, choices=ClaimKind)
    state = models.CharField(max_length=12, choices=ClaimState, default=ClaimState.OPEN)
    lines = models.ManyToManyField(OrderLine, related_name="claims")
    words = models.TextField(blank=True)
    answer = models.TextField(blank=True, help_text="What the buyer was told.")
    reprint = models.OneToOneField(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="answers")
    refund = models.PositiveIntegerField(default=0, help_text="What goes back, minor units.")
    made_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["-made_at"]
        constraints = [
            models.CheckConstraint(condition=Q(state="open") | Q(answered_at__isnull=False), name="claim_answered")
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.get_kind_display()}"


class ClaimPhoto(models.Model):
    """Drawn anew by us and kept in the database: no address outside the admin leads to it."""

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="photos")
    image = models.BinaryField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"photo {self.pk} of claim {self.claim_id}"
