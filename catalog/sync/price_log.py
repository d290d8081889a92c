"""What every variant has cost and when it could be had: added with each change, never edited.

Money is minor units. EU law (Omnibus directive) wants the lowest price of the last 30 days beside a struck-through
one: a page that shows such a price takes it from `before_reduction`, never from anywhere else.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils import timezone

from catalog.models import PriceChange, Variant

WINDOW = timedelta(days=30)
Entry = tuple[datetime, int]


def offered(variant: Variant) -> bool:
    """Whether Printify would make it; what staff hide is another matter."""
    return variant.is_enabled and variant.is_available and variant.product.gone_at is None


def catch_up(product_ids: Iterable[int]) -> None:
    """Add an entry for each variant whose last one no longer holds. Inside the transaction of the change."""
    variants = list(Variant.objects.filter(product__in=list(product_ids)).select_related("product"))
    newest = PriceChange.objects.filter(variant__in=variants).values("variant").annotate(last=Max("pk"))
    rows = PriceChange.objects.filter(pk__in=newest.values("last"))
    last = {row.variant_id: (row.price, row.available) for row in rows}
    PriceChange.objects.bulk_create(
        [
            PriceChange(variant=each, price=each.price, available=offered(each))
            for each in variants
            if last.get(each.pk) != (each.price, offered(each))
        ],
        batch_size=500,
    )


def lowest(variant_ids: Iterable[int], *, until: datetime | None = None) -> dict[int, int]:
    """The lowest price each of these (our ids) had in the 30 days before `until`, or before now. One query.

    A price counts for as long as it stood, also while it was sold out: too low is honest, too high is not.
    """
    end = until or timezone.now()
    return {key: min(_within(entries, end)) for key, entries in _history(variant_ids, end).items()}


def before_reduction(variant_ids: Iterable[int]) -> dict[int, int]:
    """For those whose last change of price was down: the lowest price of the 30 days before it, if it is higher."""
    found = {}
    for key, entries in _history(variant_ids, timezone.now()).items():
        since, price = _present(entries)
        earlier = [entry for entry in entries if entry[0] < since]
        if earlier and (prior := min(_within(earlier, since))) > price:
            found[key] = prior
    return found


def _history(variant_ids: Iterable[int], end: datetime) -> dict[int, list[Entry]]:
    """(since, price) of each, oldest first."""
    rows = PriceChange.objects.filter(variant__in=list(variant_ids), at__lte=end).order_by("at", "pk")
    found: dict[int, list[Entry]] = defaultdict(list)
    for key, at, price in rows.values_list("variant_id", "at", "price"):
        found[key].append((at, price))
    return found


def _present(entries: list[Entry]) -> Entry:
    """The price that holds now, and since when: entries about stock alone begin no new price."""
    since, price = entries[-1]
    for at, earlier in reversed(entries):
        if earlier != price:
            break
        since = at
    return since, price


def _within(entries: list[Entry], end: datetime) -> Iterator[int]:
    """Prices that stood at some time between `end` and 30 days before."""
    for place, (_, price) in enumerate(entries):
        ended = entries[place + 1][0] if place + 1 < len(entries) else end
        if ended > end - WINDOW or place + 1 == len(entries):
            yield price
