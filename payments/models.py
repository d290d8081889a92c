"""What Stripe did for an order. Ledger rows are added, never edited; money is minor units of the row's currency."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from ilytat.integrations.email import EmailColumn
from ilytat.integrations.jobs import Job
from ilytat.pages.money import format_money
from orders.models import Cart, Order, OrderLine

__all__ = [
    "CheckoutSession",
    "Coupon",
    "CouponUse",
    "Difference",
    "Dispute",
    "FraudWarning",
    "Payment",
    "PrintifyCredit",
    "ReconcileRun",
    "ReconcileStep",
    "Refund",
    "RefundLine",
]


class CheckoutSession(models.Model):
    """One attempt at paying. At most one is open for an order, and for all orders of a cart together."""

    STATES: ClassVar = [(name, name) for name in ("creating", "open", "complete", "failed", "expired")]

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="sessions")
    cart = models.ForeignKey(
        Cart, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="The order's."
    )
    attempt = models.PositiveSmallIntegerField(default=1)
    idempotency_key = models.CharField(max_length=120, unique=True)
    ui_mode = models.CharField(max_length=16, blank=True, help_text="Other than STRIPE_UI_MODE: our form failed.")
    stripe_session_id = models.CharField(max_length=120, null=True, blank=True, unique=True)
    url = models.URLField(max_length=1000, blank=True)
    state = models.CharField(max_length=10, choices=STATES, default="creating")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-attempt"]
        constraints = [
            models.UniqueConstraint(fields=["order", "attempt"], name="session_attempt_once"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(state__in=("creating", "open")), name="session_one_open"
            ),
            models.UniqueConstraint(
                fields=["cart"], condition=Q(state__in=("creating", "open")), name="session_one_open_per_cart"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} attempt {self.attempt}: {self.state}"


class StripeCustomer(Job):
    """The customer at Stripe that Stripe Tax needs for an order. `kept → deleting → deleted`, or `attention`.

    Written before Stripe is asked, so that no customer is there without a row here: without an id, whether Stripe made
    one is unknown, and an erasure looks for it.
    """

    due_states: ClassVar[tuple[str, ...]] = ("deleting",)

    state = models.CharField(max_length=24, default="kept")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="stripe_customer")
    stripe_customer_id = models.CharField(max_length=120, null=True, blank=True, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "next_at"], name="stripe_customer_due")]

    def __str__(self) -> str:
        return f"{self.stripe_customer_id or 'customer'} of {self.order}: {self.state}"


class Payment(models.Model):
    """Money captured. `applied` is the one that pays for the order; any other is surplus and goes back."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    payment_intent_id = models.CharField(max_length=120, unique=True)
    captured = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    applied = models.BooleanField(default=True)
    live = models.BooleanField(default=False)
    refund_reserved = models.PositiveIntegerField(default=0)
    fee = models.PositiveIntegerField(null=True, blank=True, help_text="What Stripe kept, when known.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order"], condition=Q(applied=True), name="payment_one_applied"),
            models.CheckConstraint(condition=Q(refund_reserved__lte=F("captured")), name="payment_refund_within"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_intent_id}: {format_money(self.captured, self.currency)}"

    @property
    def left(self) -> int:
        """What may still be given back."""
        return self.captured - self.refund_reserved


class Refund(Job):
    """One wish to give money back, ours or the dashboard's. `new → sent → succeeded`, or `failed`, or `attention`."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount = models.PositiveIntegerField()
    reason = models.CharField(max_length=30, default="requested_by_customer")
    note = models.TextField(blank=True)
    asked_by = models.CharField(max_length=120)
    origin = models.CharField(max_length=10, default="shop", choices=[("shop", "shop"), ("dashboard", "dashboard")])
    idempotency_key = models.CharField(max_length=120, unique=True)
    press = models.CharField(max_length=40, null=True, blank=True, unique=True, help_text="Of the form: once a press.")
    stripe_refund_id = models.CharField(max_length=120, null=True, blank=True, unique=True)
    reference = models.CharField(max_length=60, blank=True, help_text="The bank's, for a buyer who misses the money.")
    attempt = models.PositiveSmallIntegerField(default=1, db_default=1, help_text="One more for each clear refusal.")
    first_try = models.DateTimeField(null=True, blank=True, help_text="Of this attempt.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_positive")]
        indexes = [models.Index(fields=["state", "next_at"], name="refund_due")]
        permissions = [("refund_order", "Can give money back")]

    def __str__(self) -> str:
        return f"refund of payment {self.payment_id}: {self.state}"

    @property
    def attempt_key(self) -> str:
        """What Stripe is asked under: the same until it has clearly refused, since it repeats what it said to a key."""
        return self.idempotency_key if self.attempt == 1 else f"{self.idempotency_key}-{self.attempt}"

    @property
    def words(self) -> str:
        return REFUND_STATES.get(self.state, self.state)

    @property
    def reason_words(self) -> str:
        return REFUND_REASONS.get(self.reason, humanized(self.reason))


class RefundLine(models.Model):
    """What a refund is for: so many of an order's line, or, without a line, its delivery."""

    refund = models.ForeignKey(Refund, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds")
    quantity = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["refund", "line"], name="refund_line_once"),
            models.UniqueConstraint(fields=["refund"], condition=Q(line=None), name="refund_delivery_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="refund_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line_id or 'delivery'}"


class Dispute(models.Model):
    """What a bank holds against a payment, as Stripe last said. An inquiry (`warning_…`) takes no money."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    stripe_dispute_id = models.CharField(max_length=120, unique=True)
    status = models.CharField(max_length=40)
    reason = models.CharField(max_length=60, blank=True)
    amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, blank=True)
    refundable = models.BooleanField(default=False, help_text="The bank still allows a refund instead.")
    net = models.IntegerField(default=0, help_text="What it moved on our balance; less than 0: taken.")
    fee = models.PositiveIntegerField(default=0)
    due_by = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    evidence = models.JSONField(default=dict, blank=True, help_text="As last staged at Stripe.")
    staged_at = models.DateTimeField(null=True, blank=True)
    submissions = models.PositiveSmallIntegerField(default=0)
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-opened_at"]

    def __str__(self) -> str:
        return f"{self.stripe_dispute_id}: {self.status}"

    @property
    def taken(self) -> int:
        return max(-self.net, 0)

    @property
    def words(self) -> str:
        return humanized(self.status)

    @property
    def reason_words(self) -> str:
        return humanized(self.reason)


class FraudWarning(models.Model):
    """An issuer says that the cardholder will dispute; four in five do when nothing happens."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="warnings")
    stripe_warning_id = models.CharField(max_length=120, unique=True)
    fraud_type = models.CharField(max_length=60, blank=True)
    actionable = models.BooleanField(default=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.stripe_warning_id}: {self.fraud_type}"

    @property
    def words(self) -> str:
        return humanized(self.fraud_type)


class PrintifyCredit(models.Model):
    """Money that Printify gave us back for an order, as after a claim. A wrong entry is undone by a negative one."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="printify_credits")
    amount = models.IntegerField(help_text="Minor units. Negative: undoes an earlier entry.")
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=60, help_text="Printify's number of the request or the credit.")
    note = models.CharField(max_length=500, blank=True)
    booked_by = models.CharField(max_length=120)
    form_token = models.CharField(max_length=40, unique=True, help_text="Of the form: submitting it twice books once.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        verbose_name = "Printify credit"
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="printify_credit_not_zero"),
            models.UniqueConstraint(fields=["order", "reference"], name="printify_credit_once"),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {format_money(self.amount, self.currency)}"


REFUND_STATES = {
    "new": "waiting for Stripe",
    "sent": "on its way",
    "succeeded": "given back",
    "failed": "not given back",
    "attention": "rests: needs a person",
}
REFUND_REASONS = {
    "requested_by_customer": "The buyer asked for it",
    "duplicate": "Paid twice",
    "fraudulent": "Fraud: the card and the e-mail address are blocked at Stripe",
}


def humanized(word: str) -> str:
    """A word of theirs that may be new to us: "product_not_received" → "product not received"."""
    return word.replace("_", " ")


class ReconcileRun(models.Model):
    """One comparison of Stripe, our orders and Printify. Without `ended_at` it is under way, or its process died."""

    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    looked = models.JSONField(default=dict, help_text="What was compared, and how much of it.")
    problems = models.JSONField(default=list, help_text="What could not be compared this time.")

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.started_at:%F %T}"


class StepOutcome(models.TextChoices):
    RUNNING = "running", "under way, or killed"
    DONE = "done", "complete"
    OUT_OF_TIME = "out_of_time", "stopped at its time limit"
    UNAVAILABLE = "unavailable", "the provider could not be asked"
    INCOMPLETE = "incomplete", "the provider's list was not complete"
    FAILED = "failed", "stopped by an error"


class ReconcileStep(models.Model):
    """One step of a run. `since` marks how far back it read; only a step that is DONE moves the mark of the next."""

    run = models.ForeignKey(ReconcileRun, on_delete=models.CASCADE, related_name="steps")
    name = models.CharField(max_length=20)
    outcome = models.CharField(max_length=12, choices=StepOutcome, default=StepOutcome.RUNNING)
    since = models.DateTimeField(null=True, blank=True, help_text="Empty: the step compares everything.")
    limit_seconds = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="reconcile_step_once")]
        indexes = [models.Index(fields=["name", "outcome", "started_at"], name="reconcile_step_mark")]

    def __str__(self) -> str:
        return f"{self.name}: {self.outcome}"


class Difference(models.Model):
    """What a run found: its class, what explains it, and what was done or is to be done."""

    run = models.ForeignKey(ReconcileRun, on_delete=models.CASCADE, related_name="differences")
    kind = models.CharField(max_length=40)
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.SET_NULL, related_name="differences")
    reference = models.CharField(max_length=120, blank=True)
    printify_order_id = models.CharField(
        max_length=40, blank=True, help_text="Of the order at Printify that is compared again until this is explained."
    )
    explanation = models.CharField(max_length=300)
    action = models.CharField(max_length=200)
    explained = models.BooleanField(default=True, help_text="No: a person has to look.")

    class Meta:
        ordering = ["explained", "kind", "pk"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.explanation}"


class Coupon(models.Model):
    """A promotion code of ours. `used` is counted by a guarded UPDATE when an order is placed with it."""

    KINDS: ClassVar = [("percent", "percent"), ("amount", "amount")]

    code = models.CharField(max_length=40, unique=True, help_text="Typed by buyers; kept in capitals.")
    kind = models.CharField(max_length=8, choices=KINDS, default="percent")
    value = models.PositiveIntegerField(help_text="Percent off the goods, or an amount in minor units.")
    free_shipping = models.BooleanField(default=False)
    min_subtotal = models.PositiveIntegerField(default=0, help_text="Minor units of goods before the discount.")
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    per_customer = models.PositiveSmallIntegerField(default=1, help_text="Orders by one e-mail address; 0: any number.")
    used = models.PositiveIntegerField(default=0, editable=False)
    active = models.BooleanField(default=True)
    may_lose_money = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Accept orders that earn less than MARGIN_FLOOR_PERCENT with this code, free orders included. "
        "Off: the code is refused for such an order at checkout.",
    )
    note = models.CharField(max_length=200, blank=True, help_text="For staff.")

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(kind="amount") | Q(value__lte=100), name="coupon_percent_sane"),
            models.CheckConstraint(
                condition=Q(max_uses__isnull=True) | Q(used__lte=F("max_uses")), name="coupon_within_uses"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.code = self.code.strip().upper()
        super().save(*args, **kwargs)


class CouponUse(models.Model):
    """One order placed with the code. Released when the order is not paid, or changes to another code."""

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="uses")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="coupon_uses")
    email = EmailColumn()
    customer_key = models.CharField(
        max_length=64, default="", db_default="", editable=False, help_text="For the limit per customer: a digest."
    )
    amount = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["coupon", "order"], name="coupon_once_an_order"),
            models.UniqueConstraint(fields=["order"], condition=Q(released_at__isnull=True), name="order_one_coupon"),
        ]
        indexes = [
            models.Index(fields=["coupon", "customer_key"], name="coupon_use_customer"),
            models.Index(fields=["email"], name="coupon_use_email"),
        ]

    def __str__(self) -> str:
        return f"{self.coupon} in {self.order}"
