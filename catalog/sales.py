"""What sells best: pieces in paid orders of the last ninety days. The clock counts them, a page reads a column."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Sum
from django.utils import timezone

from catalog.models import Product, ShelfEntry
from catalog.search.query import ORDERS
from catalog.storefront.cards import Card, cards

DAYS = 90
SQL_BATCH = 500


@dataclass(frozen=True)
class BestSellers:
    """`proven`: every one of them was bought lately. Otherwise the shop's own picks fill up what sales leave empty."""

    pks: list[int]
    proven: bool

    @property
    def cards(self) -> list[Card]:
        found = Product.objects.for_cards().in_bulk(self.pks)
        return cards(found[pk] for pk in self.pks if pk in found)


def best(many: int) -> BestSellers:
    """Of what can be bought now, the most bought first. One query."""
    entries = ShelfEntry.objects.filter(in_stock=True).order_by(*ORDERS["best"])
    rows = list(entries.values_list("pk", "sold")[:many])
    return BestSellers([pk for pk, _sold in rows], proven=len(rows) == many and all(sold for _pk, sold in rows))


def count() -> int:
    """Bring `sold` in line with the orders. Returns how many entries changed."""
    sold = _pieces()
    changed = [
        ShelfEntry(pk=pk, sold=sold.get(pk, 0))
        for pk, before in ShelfEntry.objects.values_list("pk", "sold")
        if before != sold.get(pk, 0)
    ]
    ShelfEntry.objects.bulk_update(changed, ["sold"], batch_size=SQL_BATCH)
    return len(changed)


def _pieces() -> dict[int, int]:
    """By product. What is printed again for a claim is no sale, nor is what was canceled or paid back."""
    since = timezone.now() - timedelta(days=DAYS)
    # Upwards by the reverse relation: orders know of products, not the other way round.
    bought = Product.objects.filter(
        orderline__order__state="paid", orderline__order__paid_at__gte=since, orderline__order__reprint_of=None
    )
    return dict(bought.values_list("pk").annotate(pieces=Sum("orderline__quantity")))
