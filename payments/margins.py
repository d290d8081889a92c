"""What an order earns. Before it is paid: an estimate, held against the floor. After: what was really charged.

Money in minor units; tax is the state's, not ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db.models import Sum

from ilytat.display.money import format_money
from ilytat.integrations import alerts
from orders import line_values, quote
from orders.models import Fulfilment, Order, OrderLine
from orders.states import FulfilmentState
from payments.models import Dispute, Payment, PrintifyCredit, Refund

# Stripe's list price for domestic cards (2.9 % + 0.30): only for the floor; what counts later is the real fee.
FEE_PERMILLE, FEE_FIXED = 29, 30


class BelowFloor(Exception):
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


def for_order(order: Order) -> Margin:
    """As far as it is known today. A surplus payment counts with what it brought, gave back and cost."""
    payments = list(Payment.objects.filter(order=order))
    fees = [payment.fee for payment in payments]
    printify, certain = _printify(order)
    reprints = line_values.reprints_of(order)
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
    """Raise BelowFloor, having alerted staff. Call outside transactions: a rollback would take the alert with it."""
    try:
        require_floor(order)
    except BelowFloor as refusal:
        alert_staff(refusal)
        raise


def require_floor(order: Order) -> None:
    """Raise BelowFloor when the order earns too little at full price, or by what a code takes off.

    A wrong price is an accident, so no code excuses it. A code may lose money where the owner has said so. Of costs
    that Printify did not state nothing can be said but that giving the goods away loses them.
    """
    costs_known = all(line.unit_cost for line in order.lines.all())
    at_full_price = _earnings(order, order.subtotal + quote.full_price(order))
    if costs_known and at_full_price < _floor(order.subtotal):
        causes = {f"margin:{line.printify_product_id}": _priced_too_low(line) for line in _too_cheap(order)}
        raise BelowFloor(causes, next_step="Raise its price at Printify, or lower MARGIN_FLOOR_PERCENT.")
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
    raise BelowFloor({f"margin-code:{code}": message}, next_step=next_step, code=code)


def alert_staff(refusal: BelowFloor) -> None:
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
