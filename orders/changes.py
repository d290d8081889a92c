"""What a buyer may still change while nothing has been sent to production. No account is needed.

Each change is one transaction: what was bought, the printing (`lifecycle.revise`), money and mail move together or not
at all. A second press finds what the first one did and does nothing. Raises ProductionStarted when printing won the
race.
"""

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext as _

from catalog.models import Variant
from ilytat.integrations.transactions import retry_conflicts
from orders import emails, lifecycle, quote, refunding
from orders.addresses import Address
from orders.cart import pictures
from orders.lifecycle import ProductionStarted
from orders.locks import lock_order
from orders.models import Fulfilment, Order, OrderLine
from orders.states import STOPPABLE, OrderState

WHO = "buyer"


class NotPossible(Exception):
    """The words say to the buyer why."""


def changeable(order: Order, fulfilment: Fulfilment | None) -> bool:
    """As far as can be seen: the change itself asks again, under the row's guard."""
    if fulfilment is None or order.state != OrderState.PAID or fulfilment.sent_at is not None or fulfilment.open_holds:
        return False
    return fulfilment.state in STOPPABLE


def cancel(order: Order) -> int:
    """Cancel and refund everything.

    Returns what goes back, in minor units. Raises ProductionStarted or NotRefundable.
    """
    return refunding.cancel(order, by="buyer", who=WHO, why="canceled by the buyer", held_too=False)


def correct_address(order: Order, address: Address) -> bool:
    """Send it elsewhere, for the same price.

    False when it goes there already. Raises NotPossible or ProductionStarted.
    """
    old = lifecycle.address_of(order)
    if address == old:
        return False
    return _write_address(order, old, address, window=_same_price(order, address))


@retry_conflicts
def _write_address(order: Order, old: Address, address: Address, *, window: dict[str, object]) -> bool:
    with lock_order(order):
        still = Order.objects.filter(pk=order.pk, state=OrderState.PAID, **old.as_columns())
        if not still.update(**address.as_columns(), **window):
            return _done_by_another_press(order, address)
        order.refresh_from_db()
        row = lifecycle.revise(order, who=WHO, what="address changed")
        emails.address_changed(order, row)
    return True


def _done_by_another_press(order: Order, address: Address) -> bool:
    order.refresh_from_db()
    if lifecycle.address_of(order) != address:
        raise ProductionStarted
    return False


def _same_price(order: Order, address: Address) -> dict[str, object]:
    """The days of arrival there, when the country changes. Raises NotPossible unless delivery costs what was paid."""
    moved = address.country != order.country
    if settings.STRIPE_AUTOMATIC_TAX and (address.region, address.zip) != (order.region, order.zip):
        raise NotPossible(_("Tax depends on the address. Please cancel this order and order again."))
    try:
        there = _live_option(order, address)
        is_same = there.amount == order.shipping or there.amount == _price_now(order)
    except quote.DestinationNotServed as error:
        raise NotPossible(_("Nobody who prints these ships to this address.")) from error
    except quote.QuoteUnavailable as error:
        if not moved:  # rates are by country (Printify contract, section 8)
            return {}
        raise NotPossible(_("The price of delivery cannot be checked right now. Please try again soon.")) from error
    if not is_same:
        raise NotPossible(_("Delivery to this address has another price. Please cancel this order and order again."))
    return {"arrives_from": there.earliest, "arrives_until": there.latest} if moved else {}


def _price_now(order: Order) -> int | None:
    """Return what delivery to the present address costs now; None when it is not offered any more."""
    try:
        return _live_option(order, lifecycle.address_of(order)).amount
    except quote.DestinationNotServed:
        return None


def _live_option(order: Order, address: Address) -> quote.ShippingOption:
    """Raises QuoteUnavailable where the price is estimated: neither the amount nor a missing method proves anything
    then.
    """
    options = quote.of_order(order, country=address.country, region=address.region, zip_code=address.zip)
    if any(option.is_estimated for option in options):
        raise quote.QuoteUnavailable
    chosen = next((option for option in options if option.code == order.shipping_method), None)
    if chosen is None:
        raise quote.DestinationNotServed(address.country)
    return chosen


def alternatives(line: OrderLine) -> list[Variant]:
    """Other sizes and colours of the same thing, in stock, at the price that was paid."""
    if line.product is None:
        return []
    others = Variant.objects.sellable().filter(product=line.product, price=line.unit_price, cost__lte=line.unit_price)
    bought = line.order.lines.filter(product=line.product).values("printify_variant_id")
    return list(others.exclude(variant_id__in=bought).select_related("product"))


def swappable(order: Order) -> list[OrderLine]:
    """Lines of which there is another at the same price, all asked for at once."""
    lines = list(order.lines.all())
    bought = {(line.product_id, line.printify_variant_id) for line in lines}
    found = Variant.objects.sellable().filter(product__in={line.product_id for line in lines if line.product_id})
    others = [row for row in found.values_list("product_id", "variant_id", "price", "cost") if row[:2] not in bought]

    def fits(line: OrderLine) -> bool:
        return any(
            product == line.product_id and price == line.unit_price and cost <= price
            for product, _variant, price, cost in others
        )

    return [line for line in lines if fits(line)]


def swap(line: OrderLine, variant: Variant) -> bool:
    """Print this one instead. False when it is the one already. Raises NotPossible or ProductionStarted."""
    if line.printify_variant_id == variant.variant_id:
        return False
    if variant not in alternatives(line):
        raise NotPossible(_("This one is not available at the same price."))
    try:
        _write_swap(line.order, line, variant)
    except IntegrityError as error:
        raise NotPossible(_("This one is in the order already.")) from error
    return True


@retry_conflicts
def _write_swap(order: Order, line: OrderLine, variant: Variant) -> None:
    with lock_order(order):
        _swap(order, line, variant)


def _swap(order: Order, line: OrderLine, variant: Variant) -> None:
    before = line.label
    image = pictures([variant]).get(variant.pk)
    rows = OrderLine.objects.filter(pk=line.pk, printify_variant_id=line.printify_variant_id)
    if not rows.update(
        variant=variant,
        printify_variant_id=variant.variant_id,
        label=variant.label,
        sku=variant.sku,
        unit_cost=variant.cost,
        image=image.files.get("400", "") if image else line.image,
    ):
        raise ProductionStarted
    row = lifecycle.revise(order, who=WHO, what="swapped", why=f"{line.title} ({before}) → {variant.label}")
    # Not `line` itself: should the database undo this, the next try must still know what was there.
    emails.order_changed(order.lines.get(pk=line.pk), row, before=before)
