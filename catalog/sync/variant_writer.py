"""A product's variants and their price history, brought in line with what Printify says."""

from collections.abc import Container, Iterable
from typing import Any

from catalog.models import Product, Variant
from catalog.sync import price_log
from catalog.sync.product_reader import VariantFacts

COLUMNS = (
    "sku", "title", "option_ids", "price", "cost", "grams", "is_enabled", "is_available", "is_default", "position",
)  # fmt: skip


def write_variants(
    product: Product, facts: Iterable[VariantFacts], written: Container[str] = ()
) -> dict[str, list[Any]]:
    """Printify lists every combination there could be; rows are kept for those that are, or ever were, offered.

    `written` are the product's own columns that have just changed. Returns the changes as {"field": [before, after]}.
    """
    known = {row.variant_id: row for row in Variant.objects.filter(product=product)}
    changes: dict[str, list[Any]] = {}
    fresh, touched = [], []
    for position, each in enumerate(facts):
        row = known.pop(each.id, None)
        if row is None and each.is_enabled:
            fresh.append(_filled(Variant(product=product, variant_id=each.id), each, position))
        elif row is not None and (found := _differences(row, each, position)):
            changes |= found
            touched.append(row)
    touched += [row for row in known.values() if _withdraw(row, changes)]
    Variant.objects.bulk_create(fresh, batch_size=500)
    Variant.objects.bulk_update(touched, COLUMNS, batch_size=200)
    if fresh or touched or "gone_at" in written:
        price_log.catch_up([product.pk])
    return changes | {f"variant {row.variant_id}": [None, row.price] for row in fresh}


def _wanted(each: VariantFacts, position: int) -> dict[str, Any]:
    wanted = {name: getattr(each, name) for name in COLUMNS if name != "position"}
    return wanted | {"option_ids": list(each.option_ids), "position": position}


def _filled(row: Variant, each: VariantFacts, position: int) -> Variant:
    for name, value in _wanted(each, position).items():
        setattr(row, name, value)
    return row


def _differences(row: Variant, each: VariantFacts, position: int) -> dict[str, list[Any]]:
    wanted = _wanted(each, position)
    if not each.is_enabled:
        # The price of a disabled variant is often nonsense (Printify contract, section 6): keep the last real one.
        del wanted["price"]
    found = {}
    for name, value in wanted.items():
        old = getattr(row, name)
        if old != value:
            found[f"variant {row.variant_id} {name}"] = [old, value]
            setattr(row, name, value)
    return found


def _withdraw(row: Variant, changes: dict[str, list[Any]]) -> bool:
    """A variant Printify no longer lists stays, for the orders and carts that name it, but is not offered."""
    if not (row.is_enabled or row.is_available):
        return False
    row.is_enabled = row.is_available = False
    changes[f"variant {row.variant_id} is_enabled"] = [True, False]
    return True
