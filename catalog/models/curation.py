"""What staff decide about the catalogue: policies, decisions, old addresses, measures, the pause.

Rows of this module are staff's: a synchronisation reads them, adds `FieldChange` rows, and changes nothing else here.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ilytat.pages.money import format_money


class Policy(models.TextChoices):
    AUTO = "auto", _("take over by itself")
    ASK = "ask", _("wait for staff")
    IGNORE = "ignore", _("keep ours")


class FieldPolicy(models.Model):
    """What happens when Printify changes this field: for the whole shop, or for one product as an exception."""

    field = models.CharField(max_length=24)
    product = models.ForeignKey(
        "catalog.Product", null=True, blank=True, on_delete=models.CASCADE, related_name="policies"
    )
    policy = models.CharField(max_length=8, choices=Policy.choices, default=Policy.AUTO)

    class Meta:
        verbose_name_plural = "field policies"
        constraints = [
            models.UniqueConstraint(
                fields=["field"], condition=models.Q(product__isnull=True), name="field_policy_once_for_all"
            ),
            models.UniqueConstraint(fields=["field", "product"], name="field_policy_once_a_product"),
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.policy}"


class FieldChange(models.Model):
    """One field of one product that Printify sends otherwise than we had it, and what became of it.

    `before` and `after` are whole values; prices and availability are {"variant id": value}, money in minor units.
    """

    class State(models.TextChoices):
        APPLIED = "applied", _("applied")
        WAITING = "waiting", _("waits for staff")
        IGNORED = "ignored", _("ignored")
        APPROVED = "approved", _("approved")
        DECLINED = "declined", _("declined")
        REVERTED = "reverted", _("reverted")
        SETTLED = "settled", _("settled by itself")
        OVERRIDDEN = "overridden", _("ours is shown")
        PREVIEW = "preview", _("dry run")

    UNDECIDED = (State.PREVIEW, State.WAITING)

    run = models.ForeignKey(
        "catalog.SyncRun", null=True, blank=True, on_delete=models.SET_NULL, related_name="field_changes"
    )
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="field_changes")
    field = models.CharField(max_length=24)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    copies = models.JSONField(
        default=dict, blank=True, help_text="Our copies of pictures not shown yet, by address: files or error."
    )
    policy = models.CharField(max_length=8, choices=Policy.choices, default=Policy.AUTO)
    state = models.CharField(max_length=12, choices=State.choices, default=State.APPLIED, db_index=True)
    at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "field"], condition=models.Q(state="waiting"), name="field_change_waits_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.product}, {self.field}: {self.get_state_display()}"


class OldSlug(models.Model):
    """An address a product once had: it leads to the present one for ever."""

    slug = models.SlugField(max_length=120, unique=True)
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="old_slugs")
    since = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.slug


class SizeTable(models.Model):
    """Staff's measures of one blueprint. `rows` is [[name, [millimetres, one a size]]]; `tolerance` is millimetres."""

    MEASURED: ClassVar = [("flat", _("of the garment, laid flat")), ("body", _("of the body it fits"))]

    blueprint_id = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=80)
    sizes = models.JSONField(default=list)
    rows = models.JSONField(default=list)
    tolerance = models.PositiveSmallIntegerField(default=25, help_text="Millimetres a piece may differ.")
    measured = models.CharField(max_length=4, choices=MEASURED, default="flat")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class StaleLimit(models.Model):
    """For how long after a product is due the shop sells it while Printify is silent. One row at most: its key is 1.

    Without it the environment's limit holds.
    """

    hours = models.PositiveSmallIntegerField()
    since = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    def __str__(self) -> str:
        return f"{self.hours} h"


class ShippingSurcharge(models.Model):
    """What staff add to a price from the rate card. One row at most: its key is 1. Without it the defaults hold.

    `fixed` is minor units, per package.
    """

    is_on = models.BooleanField(default=True)
    percent = models.PositiveSmallIntegerField(default=10)
    fixed = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    def __str__(self) -> str:
        fixed = f" + {format_money(self.fixed, settings.SHOP_CURRENCY, 'en')} per package" if self.fixed else ""
        return f"{self.percent} %{fixed}" if self.is_on else "off"


class SyncPause(models.Model):
    """While a row is here, the timetable leaves the catalogue alone. One row at most: its key is 1."""

    since = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    def __str__(self) -> str:
        return f"paused {self.since:%F %H:%M}"
