"""What is in a shipment becomes rows with foreign keys; it was pairs of a line's pk and a quantity in JSON."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

CHUNK_ROWS = 500


def _pairs(contents: Any) -> Iterator[tuple[int, int]]:
    """Return the well-formed pairs, once for each line."""
    quantities: dict[int, int] = {}
    for pair in contents if isinstance(contents, list) else []:
        if isinstance(pair, list) and [type(part) for part in pair] == [int, int] and pair[1] >= 1:
            quantities.setdefault(pair[0], pair[1])
    yield from quantities.items()


def copy_contents(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Copy what names a line of the shipment's own order; other numbers belong to nothing and are left out."""
    Shipment, ShipmentLine, OrderLine = (
        apps.get_model("orders", name) for name in ("Shipment", "ShipmentLine", "OrderLine")
    )
    rows = Shipment.objects.exclude(contents=[]).order_by("pk").values_list("pk", "fulfilment__order_id", "contents")
    shipments = rows.iterator(chunk_size=CHUNK_ROWS)
    while chunk := list(islice(shipments, CHUNK_ROWS)):
        order_ids = {order_id for _pk, order_id, _contents in chunk}
        columns = OrderLine.objects.filter(order_id__in=order_ids).values_list("pk", "order_id", "quantity")
        ordered = {(order_id, pk): quantity for pk, order_id, quantity in columns}
        ShipmentLine.objects.bulk_create(
            ShipmentLine(shipment_id=pk, line_id=line_id, quantity=min(quantity, ordered[order_id, line_id]))
            for pk, order_id, contents in chunk
            for line_id, quantity in _pairs(contents)
            if (order_id, line_id) in ordered
        )


def restore_contents(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    Shipment, ShipmentLine = (apps.get_model("orders", name) for name in ("Shipment", "ShipmentLine"))
    contents: dict[int, list[list[int]]] = {}
    rows = ShipmentLine.objects.order_by("pk").values_list("shipment_id", "line_id", "quantity")
    for shipment_id, line_id, quantity in rows.iterator():
        contents.setdefault(shipment_id, []).append([line_id, quantity])
    for pk, pairs in contents.items():
        Shipment.objects.filter(pk=pk).update(contents=pairs)


class Migration(migrations.Migration):
    dependencies = [("orders", "0010_money_permissions")]

    operations = [
        migrations.CreateModel(
            name="ShipmentLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.PositiveSmallIntegerField()),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shipment_lines",
                        to="orders.orderline",
                    ),
                ),
                (
                    "shipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.shipment"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(fields=["shipment", "line"], name="shipment_line_once"),
                    models.CheckConstraint(condition=models.Q(quantity__gte=1), name="shipment_line_quantity"),
                ],
            },
        ),
        migrations.RunPython(copy_contents, restore_contents),
        migrations.RemoveField("shipment", "contents"),
    ]
