"""What each part of an order was worth to its buyer: goods less their share of the discount, with their tax; delivery.

Minor units of the order's currency. However the parts are asked for, together they are what was paid: each cut falls
where the parts so far put it, so that no unit is lost or given twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise

from django.db.models import prefetch_related_objects

from orders.models import Order

Quantities = Mapping[int, int]  # our line's id, or DELIVERY → how many of it
DELIVERY = 0  # stands among the lines' ids for the delivery itself


def shares(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` in parts by weight, which add up to it; nothing where nothing weighs."""
    whole = sum(weights)
    cuts = [amount * so_far // whole if whole else 0 for so_far in accumulate(weights, initial=0)]
    return [after - before for before, after in pairwise(cuts)]


def of_lines(order: Order) -> dict[int, int]:
    """Each line's id, and what all of it was worth."""
    lines = list(order.lines.all())
    discounts = shares(order.discount, [line.amount for line in lines])
    return {line.pk: line.amount - cut + line.tax for line, cut in zip(lines, discounts, strict=True)}


def of_units(order: Order, chosen: Quantities, gone: Quantities | None = None) -> int:
    """So many of these lines, beside those that are `gone`: given back before."""
    whole, given = of_lines(order), gone or {}
    total = 0
    for line in order.lines.all():
        before = min(given.get(line.pk, 0), line.quantity)
        after = min(before + chosen.get(line.pk, 0), line.quantity)
        total += whole[line.pk] * after // line.quantity - whole[line.pk] * before // line.quantity
    return total


def of_delivery(order: Order) -> int:
    """With its tax: all that the goods were not."""
    return order.total - sum(of_lines(order).values())


def first(order: Order) -> Order:
    """The one that was paid for: of a reprint, the one whose things it prints again."""
    while order.reprint_of:
        order = order.reprint_of
    return order


def reprints_of(order: Order) -> list[Order]:
    """Return every order that prints something of this one again, reprints of reprints included."""
    reprints: list[Order] = []
    parents = [order.pk]
    while generation := list(Order.objects.filter(reprint_of__in=parents)):
        reprints += generation
        parents = [reprint.pk for reprint in generation]
    return reprints


def prefetch_first(orders: Iterable[Order]) -> None:
    """Load what `first` and `of_units` read, in two queries for each time that something was printed again."""
    reprints = [order for order in orders if order.reprint_of_id]
    while reprints:
        prefetch_related_objects(reprints, "reprint_of__lines")
        parents = [order.reprint_of for order in reprints if order.reprint_of]
        reprints = [order for order in parents if order.reprint_of_id]


def in_first(order: Order, chosen: Quantities) -> Quantities:
    """The same things as lines of the order that was paid for."""
    if order.reprint_of_id is None:
        return chosen
    repeated = {line.pk: line.repeats_id for line in order.lines.all() if line.repeats_id is not None}
    return {repeated[pk]: quantity for pk, quantity in chosen.items() if pk in repeated}


def of_reprint(order: Order) -> int:
    """What the buyer paid, for the first order, for the things that this one prints again."""
    return of_units(first(order), in_first(order, {line.pk: line.quantity for line in order.lines.all()}))
