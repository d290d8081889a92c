"""What parts of an order were worth: however they are cut, together they are what was paid (F1, F5)."""

import random

import pytest

from orders import allocation, claims
from orders.models import Order
from tests import factories

pytestmark = pytest.mark.django_db


def _order(prices: list[tuple[int, int]], *, discount: int = 0, taxes: list[int] | None = None, tax: int = 0) -> Order:
    """Lines of (price, quantity); `tax` is the whole order's, `taxes` those of its lines."""
    variants = [factories.variant(price=price) for price, _ in prices]
    subtotal = sum(price * quantity for price, quantity in prices)
    total = subtotal - discount + 475 + tax
    order = factories.order(subtotal=subtotal, discount=discount, tax=tax, total=total)
    for number, (variant, (_, quantity)) in enumerate(zip(variants, prices, strict=True)):
        line = factories.order_line(order, variant, quantity=quantity)
        order.lines.filter(pk=line.pk).update(tax=taxes[number] if taxes else 0)
    return order


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, [1, 1, 1], [33, 33, 34]),
        (0, [5, 5], [0, 0]),
        (7, [], []),
        (7, [0, 0], [0, 0]),
        (1, [1, 1, 1], [0, 0, 1]),
        (500, [2499, 1], [499, 1]),
    ],
)
def test_shares_add_up(amount: int, weights: list[int], parts: list[int]) -> None:
    assert allocation.shares(amount, weights) == parts
    assert sum(parts) == (amount if any(weights) else 0)


def test_a_line_is_its_price_less_its_share_of_the_discount_with_its_own_tax() -> None:
    order = _order([(2000, 1), (1000, 2)], discount=400, taxes=[144, 171], tax=353)
    shirt, mugs = order.lines.all()
    assert allocation.of_lines(order) == {shirt.pk: 2000 - 200 + 144, mugs.pk: 2000 - 200 + 171}
    assert allocation.of_delivery(order) == 475 + 38
    assert allocation.of_units(order, {mugs.pk: 1}) == 985
    assert allocation.of_units(order, {mugs.pk: 1}, {mugs.pk: 1}) == 986, "the odd cent goes with the last"


def test_no_more_of_a_line_is_worth_anything_than_was_bought() -> None:
    order = _order([(1000, 2)])
    [line] = order.lines.all()
    assert allocation.of_units(order, {line.pk: 9}) == 2000
    assert allocation.of_units(order, {line.pk: 1}, {line.pk: 2}) == 0
    assert allocation.of_units(order, {line.pk + 1: 1}) == 0


def test_unit_by_unit_in_any_order_is_what_was_paid() -> None:
    dice = random.Random(20261123)  # noqa: S311 (the same orders in each run)
    for _ in range(25):
        prices = [(dice.randrange(1, 9_999), dice.randint(1, 7)) for _ in range(dice.randint(1, 4))]
        taxes = [dice.randrange(0, 999) for _ in prices]
        goods = sum(price * quantity for price, quantity in prices)
        order = _order(prices, discount=dice.randrange(0, goods + 1), taxes=taxes, tax=sum(taxes) + dice.randrange(99))
        units = [line.pk for line in order.lines.all() for _ in range(line.quantity)]
        dice.shuffle(units)
        gone: dict[int, int] = {}
        back = allocation.of_delivery(order)
        for pk in units:
            part = allocation.of_units(order, {pk: 1}, gone)
            assert part >= 0
            back, gone = back + part, gone | {pk: gone.get(pk, 0) + 1}
        assert back == order.total


def test_a_reprint_is_worth_what_was_paid_for_the_things_it_prints_again() -> None:
    order = _order([(2000, 1), (1000, 2)], discount=400, taxes=[144, 171], tax=353)
    again = claims.make(order, list(order.lines.all())[1:], who="staff")
    assert (again.total, sum(line.tax for line in again.lines.all())) == (0, 0)
    assert allocation.of_reprint(again) == 2000 - 200 + 171
    assert allocation.of_reprint(claims.make(again, again.lines.all(), who="staff")) == 1971, "also the second time"


def test_a_reprint_whose_line_was_swapped_is_worth_what_the_first_line_cost() -> None:
    order = _order([(2000, 1), (1000, 2)], discount=400, taxes=[144, 171], tax=353)
    shirt, mugs = order.lines.all()
    again = claims.make(order, [mugs], who="staff")
    other = factories.variant(mugs.product, option_ids=[521, 15], title="White / M")
    again.lines.update(variant=other, printify_variant_id=other.variant_id)
    last = claims.make(again, again.lines.all(), who="staff")
    for reprint in (again, last):
        [line] = reprint.lines.all()
        assert line.repeats == mugs
        assert allocation.in_first(reprint, {line.pk: 2}) == {mugs.pk: 2}
        assert allocation.of_reprint(reprint) == 1971
    assert shirt.repeats is None
