"""A reprint's line names the line of the paid order that it prints again: a swap no longer hides which one that is."""

from collections.abc import Callable, Iterable
from typing import Any

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _same_variant(line: Any) -> tuple[Any, ...]:
    return line.printify_product_id, line.printify_variant_id


def _same_product(line: Any) -> tuple[Any, ...]:
    """A swap keeps the product, the price and the quantity."""
    return line.printify_product_id, line.unit_price, line.quantity


def _match(repeating: Iterable[Any], paid_lines: Iterable[Any]) -> list[Any]:
    """Return the lines that now name one of `paid_lines`, each of which is named at most once."""
    unmatched, free = list(repeating), list(paid_lines)
    matched = []
    keys: tuple[Callable[[Any], tuple[Any, ...]], ...] = (_same_variant, _same_product)
    for key in keys:
        for line in list(unmatched):
            paid = next((candidate for candidate in free if key(candidate) == key(line)), None)
            if paid is not None:
                line.repeats_id = paid.pk
                unmatched.remove(line)
                free.remove(paid)
                matched.append(line)
    return matched


def name_repeated_lines(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    Order, OrderLine = (apps.get_model("orders", name) for name in ("Order", "OrderLine"))
    parents = dict(Order.objects.exclude(reprint_of=None).values_list("pk", "reprint_of_id"))
    for pk in parents:
        first_id = pk
        while first_id in parents:
            first_id = parents[first_id]
        repeating, paid_lines = (OrderLine.objects.filter(order_id=order_id).order_by("pk") for order_id in (pk, first_id))
        OrderLine.objects.bulk_update(_match(repeating, paid_lines), ["repeats"])


class Migration(migrations.Migration):
    dependencies = [("orders", "0012_erased_at")]

    operations = [
        migrations.AddField(
            model_name="orderline",
            name="repeats",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                help_text="Of a reprint: the line of the paid order that this one prints again, also after a swap.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="repeated_by",
                to="orders.orderline",
            ),
        ),
        migrations.RunPython(name_repeated_lines, migrations.RunPython.noop),
    ]
