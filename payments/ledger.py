"""Both sides of an order's money as staff see them: what the buyer paid and got back, what it cost us, what is left."""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db.models import Sum, prefetch_related_objects

from ilytat.integrations import alerts
from ilytat.pages.money import format_money
from orders import allocation, lifecycle, quote
from orders.allocation import DELIVERY, Quantities
from orders.locks import lock_order
from orders.models import Fulfilment, Order, OrderLine
from orders.states import FulfilmentState
from payments import estimated_shipping, reserve
from payments.estimated_shipping import EstimatedShipping
from payments.models import Dispute, FraudWarning, Payment, PrintifyCredit, Refund, RefundLine


@dataclass(frozen=True)
class LineLeft:
    """A line, what all of it cost the buyer, and how many of it no refund names yet."""

    line: OrderLine
    worth: int
    left: int


# Stripe's list price for domestic cards (2.9 % + 0.30): only for the floor; what counts later is the real fee.
FEE_PERMILLE, FEE_FIXED = 29, 30


class MarginTooLow(Exception):
    """The order would earn less than the floor. `alerts` are one sentence for each cause, by its incident's key.

    `code` is the discount code that causes it: without it the order can be sold. "" when the prices are too low.
    """

    def __init__(self, alerts: dict[str, str], *, next_step: str, code: str = "") -> None:
        super().__init__("; ".join(alerts.values()))
        self.alerts, self.next_step, self.code = alerts, next_step, code


@dataclass(frozen=True)
class Margin:
    """Every part as it counts: what came, and what left. `estimated` while a part is not known for certain."""

    received: int
    tax: int
    refunded: int
    stripe_fee: int
    printify: int
    reprints: int
    disputes: int
    estimated: bool
    credits: int = 0

    @property
    def net(self) -> int:
        return self.received - self.tax

    @property
    def amount(self) -> int:
        costs = self.stripe_fee + self.printify + self.reprints + self.disputes
        return self.net - self.refunded - costs + self.credits

    @property
    def loss(self) -> int:
        return max(-self.amount, 0)

    @property
    def percent(self) -> int | None:
        return self.amount * 100 // self.net if self.net else None


MADE = ("sent", "succeeded")  # refunds that Stripe has taken on
PROMISED = ("new", "attention")  # refunds that reserve their money, and that Stripe has not made


def margin_for_order(order: Order) -> Margin:
    """As far as it is known today. A surplus payment counts with what it brought, gave back and cost."""
    payments = list(Payment.objects.filter(order=order))
    fees = [payment.fee for payment in payments]
    printify, certain = _printify(order)
    reprints = allocation.reprints_of(order)
    again = [_printify(reprint) for reprint in reprints]
    return Margin(
        received=sum(payment.captured for payment in payments),
        tax=_tax(order, MADE),
        refunded=_refunded(order, MADE),
        stripe_fee=sum(fee or 0 for fee in fees),
        printify=printify,
        reprints=sum(cost for cost, _ in again),
        disputes=-(Dispute.objects.filter(payment__order=order).aggregate(n=Sum("net"))["n"] or 0),
        estimated=None in fees or not all((certain, *(known for _, known in again))),
        credits=credited([order, *reprints]),
    )


def with_promised(order: Order, margin: Margin) -> Margin:
    """Return the order's margin once the promised refunds are made as well."""
    states = MADE + PROMISED
    return replace(margin, refunded=_refunded(order, states), tax=_tax(order, states))


def credited(orders: Sequence[Order]) -> int:
    """Return what Printify gave back for these orders, as staff have booked it."""
    return PrintifyCredit.objects.filter(order__in=orders).aggregate(n=Sum("amount"))["n"] or 0


def _refunded(order: Order, states: Sequence[str]) -> int:
    return Refund.objects.filter(payment__order=order, state__in=states).aggregate(n=Sum("amount"))["n"] or 0


def _tax(order: Order, states: Sequence[str]) -> int:
    """What the state gets: of what went back to the buyer, Stripe takes its share of the tax back as well."""
    applied = Payment.objects.filter(order=order, applied=True).first() if order.tax else None
    if applied is None:
        return 0
    gone = applied.refunds.filter(state__in=states).aggregate(n=Sum("amount"))["n"] or 0
    return order.tax - order.tax * gone // applied.captured


def _printify(order: Order) -> tuple[int, bool]:
    """What Printify charges, and whether it said so itself: until then our costs and the agreed delivery."""
    job = Fulfilment.objects.filter(order=order).first()
    if job is None or job.state in {FulfilmentState.CANCELED, FulfilmentState.CANCELING}:
        return 0, True
    return (job.upstream_cost, True) if job.upstream_cost else (costs(order), False)


def costs(order: Order) -> int:
    """Return what the goods and the delivery cost us."""
    return sum(line.unit_cost * line.quantity for line in order.lines.all()) + quote.full_price(order)


def expected(order: Order) -> int:
    """Return what the order earns before it is paid, by estimate: what the buyer pays, less all costs."""
    return _earnings(order, order.subtotal - order.discount + order.shipping)


def check(order: Order) -> None:
    """Raise MarginTooLow, having alerted staff. Call outside transactions: a rollback would take the alert with it."""
    try:
        require_floor(order)
    except MarginTooLow as refusal:
        alert_staff(refusal)
        raise


def require_floor(order: Order) -> None:
    """Raise MarginTooLow when the order earns too little at full price, or by what a code takes off.

    A wrong price is an accident, so no code excuses it. A code may lose money where the owner has said so. Of costs
    that Printify did not state nothing can be said but that giving the goods away loses them.
    """
    costs_known = all(line.unit_cost for line in order.lines.all())
    at_full_price = _earnings(order, order.subtotal + quote.full_price(order))
    if costs_known and at_full_price < _floor(order.subtotal):
        causes = {f"margin:{line.printify_product_id}": _priced_too_low(line) for line in _too_cheap(order)}
        raise MarginTooLow(causes, next_step="Raise its price at Printify, or lower MARGIN_FLOOR_PERCENT.")
    earned = expected(order)
    enough = earned >= _floor(order.subtotal - order.discount) if costs_known else order.total > 0
    if enough:
        return
    use = order.coupon_uses.filter(released_at=None).select_related("coupon").first()
    if use and use.coupon.may_lose_money:
        return
    code = use.coupon.code if use else ""
    discount = f"the code {code}" if code else "a discount"
    message = f"An order with {discount} was refused: it would earn {format_money(earned, order.currency, 'en')}."
    next_step = "Lower the discount, or check “may lose money” on the code."
    raise MarginTooLow({f"margin-code:{code}": message}, next_step=next_step, code=code)


def alert_staff(refusal: MarginTooLow) -> None:
    for key, message in refusal.alerts.items():
        alerts.open_alert(key, message, next_step=refusal.next_step)


def _earnings(order: Order, paid: int) -> int:
    return paid - costs(order) - _card_fee(paid) - FEE_FIXED


def _card_fee(paid: int) -> int:
    return (paid * FEE_PERMILLE + 500) // 1000


def _floor(goods: int) -> float:
    percent: float = settings.MARGIN_FLOOR_PERCENT
    return goods * percent / 100


def _too_cheap(order: Order) -> list[OrderLine]:
    """The lines that are below the floor on their own; when the fixed fee or the delivery tips it, the weakest line."""
    surplus = {
        line: line.amount - line.unit_cost * line.quantity - _card_fee(line.amount) - _floor(line.amount)
        for line in order.lines.all()
    }
    return [line for line, left in surplus.items() if left < 0] or sorted(surplus, key=surplus.__getitem__)[:1]


def _priced_too_low(line: OrderLine) -> str:
    return f"An order was refused because {line.title} ({line.sku or line.label}) is priced too low for what it costs."


@dataclass(frozen=True)
class Ledger:
    """Money in minor units of the order's currency. `press` makes a form's second press find the first.

    `left` is what may still be refunded; of `lines` and `delivery`, what no refund names yet.
    `margin` is as of today; `outlook` counts the refunds that are promised and not made yet as well.
    """

    order: Order
    payments: list[Payment]
    refunds: list[Refund]
    disputes: list[Dispute]
    warnings: list[FraudWarning]
    job: Fulfilment | None
    left: int
    lines: list[LineLeft]
    delivery: int
    margin: Margin
    outlook: Margin
    credits: list[PrintifyCredit]
    press: str

    @property
    def applied(self) -> Payment | None:
        return next((payment for payment in self.payments if payment.applied), None)

    @property
    def estimated_shipping(self) -> EstimatedShipping | None:
        return estimated_shipping.of_order(self.order, self.job)

    @property
    def given(self) -> int:
        """What Stripe has given back."""
        return self._refunded("succeeded")

    @property
    def on_its_way(self) -> int:
        """What Stripe has taken on and not reported as given back."""
        return self._refunded("sent")

    @property
    def under_way(self) -> int:
        """What is promised, and Stripe has not made."""
        return self._refunded(*PROMISED)

    def _refunded(self, *states: str) -> int:
        return sum(refund.amount for refund in self.refunds if refund.state in states)

    @property
    def kept(self) -> int:
        """What stays paid once everything on its way has arrived."""
        return self.margin.received - self.given - self.on_its_way - self.under_way

    @property
    def charged(self) -> int:
        """What Printify charged at first; of an order called off in time it gives all of that back."""
        return max(self.job.upstream_cost if self.job else 0, self.margin.printify)

    @property
    def back(self) -> int:
        return self.charged - self.margin.printify

    @property
    def disputed(self) -> bool:
        return self.applied is not None and reserve.is_disputed(self.applied)

    @property
    def after_all(self) -> int:
        """What would be left to us if all that is promised, and the rest as well, went back. Tax goes back with it."""
        return self.outlook.amount + self.outlook.tax - self.left

    @property
    def may_call_off(self) -> bool:
        """Nothing has been sent to production: then all of it can be undone at no cost."""
        over = {"canceled", "refunded", "expired", "awaiting_payment"}
        return self.order.state not in over and (self.job is None or self.job.sent_at is None)


def for_order(order: Order) -> Ledger:
    prefetch_related_objects([order], "lines")
    payments = list(Payment.objects.filter(order=order).order_by("-applied", "pk"))
    refunded, margin = refunded_quantities(order), margin_for_order(order)
    return Ledger(
        order=order,
        payments=payments,
        refunds=list(Refund.objects.filter(payment__order=order).select_related("payment")),
        disputes=list(Dispute.objects.filter(payment__order=order)),
        warnings=list(FraudWarning.objects.filter(payment__order=order)),
        job=Fulfilment.objects.filter(order=order).first(),
        left=sum(reserve.refundable_amount(payment) for payment in payments if payment.applied),
        lines=lines_left(order, refunded),
        delivery=delivery_left(order, refunded),
        margin=margin,
        outlook=with_promised(order, margin),
        credits=list(PrintifyCredit.objects.filter(order=order)),
        press=secrets.token_urlsafe(16),
    )


def lines_left(order: Order, refunded: Quantities) -> list[LineLeft]:
    """Return each line with what of it is not among the `refunded` (see `refunded_quantities`)."""
    worth = allocation.of_lines(order)
    return [
        LineLeft(line, worth[line.pk], max(line.quantity - refunded.get(line.pk, 0), 0)) for line in order.lines.all()
    ]


def delivery_left(order: Order, refunded: Quantities) -> int:
    """Return what the delivery cost the buyer; 0 once it is among the `refunded`."""
    return 0 if refunded.get(DELIVERY) else allocation.of_delivery(order)


def refunded_quantities(order: Order) -> dict[int, int]:
    """Return how many of each line were refunded (failed refunds do not count); of DELIVERY at most one."""
    quantities: Counter[int] = Counter()
    rows = RefundLine.objects.filter(refund__payment__order=order).exclude(refund__state="failed")
    for line, quantity in rows.values_list("line", "quantity"):
        quantities[line or DELIVERY] += quantity
    return dict(quantities)


def value(order: Order, chosen: Quantities) -> int:
    """Return what the chosen quantities, and the shipping if chosen, cost the buyer and were not refunded."""
    refunded = refunded_quantities(order)
    delivery = delivery_left(order, refunded) if chosen.get(DELIVERY) else 0
    return allocation.of_units(order, chosen, refunded) + delivery


class CreditRefused(Exception):
    """Nothing was booked. The text is for staff."""


def book_credit(
    order: Order, amount: int, *, reference: str, booked_by: str, form_token: str, note: str = ""
) -> PrintifyCredit:
    """Book `amount` minor units; a negative amount undoes an earlier entry. Raises CreditRefused.

    The same `form_token` again returns the row that it made.
    """
    with lock_order(order):  # two at once must not pass the limits together
        known = PrintifyCredit.objects.filter(form_token=form_token).first()
        if known:
            return known
        _check(order, amount, reference)
        credit = PrintifyCredit.objects.create(
            order=order,
            amount=amount,
            currency=order.currency,
            reference=reference,
            note=note,
            booked_by=booked_by[:120],
            form_token=form_token,
        )
        why = f"{format_money(amount, order.currency)} {reference}"
        lifecycle.note(order, who=booked_by, what="Printify credit", why=why)
    return credit


def _check(order: Order, amount: int, reference: str) -> None:
    if amount == 0:
        raise CreditRefused("Enter an amount other than 0.")
    if PrintifyCredit.objects.filter(order=order, reference=reference).exists():
        raise CreditRefused(f"{reference} is booked for this order already. To undo it, add “undo” to its number.")
    total, charged = credited([order]) + amount, _charged(order)
    if total < 0:
        raise CreditRefused("This would undo more than was booked for this order.")
    if total > charged:
        most = format_money(charged, order.currency, "en")
        raise CreditRefused(f"A credit can't be more than Printify charged for this order ({most}).")


def _charged(order: Order) -> int:
    """What Printify charged, or our costs until it has said so."""
    job = Fulfilment.objects.filter(order=order).first()
    return (job.upstream_cost if job else 0) or costs(order)
