"""What every variant has cost and when it could be had: added with each change, never edited. Minor units."""

from collections.abc import Iterable

from django.db.models import Max

from catalog.models import PriceChange, Variant


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
