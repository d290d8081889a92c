"""Migrations that move what is stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor

from orders import claims, lifecycle
from orders.models import Fulfilment, OrderLine, ShipmentLine
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def undone(app: str, name: str) -> Iterator[Apps]:
    """The database before this migration. It and the app's later ones are applied again at the end.

    Yields the models of before. The later ones go too: SQLite copies a table as the older models know it.
    """
    loader = MigrationExecutor(connection).loader
    migrations = [found for key, found in sorted(loader.disk_migrations.items()) if key[0] == app and key[1] >= name]

    def before(migration: Migration) -> Any:
        return loader.project_state((app, migration.name), at_end=False)

    for migration in reversed(migrations):
        with connection.schema_editor(atomic=migration.atomic) as editor:
            migration.unapply(before(migration), editor)
    try:
        yield before(migrations[0]).apps
    finally:
        for migration in migrations:
            with connection.schema_editor(atomic=migration.atomic) as editor:
                migration.apply(before(migration), editor)


def _job(*quantities: int) -> tuple[Fulfilment, list[OrderLine]]:
    order = factories.order(*(factories.variant() for _ in quantities))
    lines = list(order.lines.all())
    for line, quantity in zip(lines, quantities, strict=True):
        OrderLine.objects.filter(pk=line.pk).update(quantity=quantity)
    assert lifecycle.mark_paid(order, who="test")
    return Fulfilment.objects.get(order=order), lines


def test_contents_in_json_become_rows_of_the_same_order_only() -> None:
    job, [tee, mug] = _job(2, 1)
    other, [foreign] = _job(1)
    contents: dict[str, Any] = {
        "whole": [[tee.pk, 2], [mug.pk, 1]],
        "unknown": [[tee.pk, 1], [foreign.pk, 1], [10**12, 1], [tee.pk, 1]],
        "odd": [[mug.pk, 99], [tee.pk, 0], [tee.pk], "x", None, [str(tee.pk), 1], [True, 1]],
        "object": {"a": 1},
        "empty": [],
        "neighbor": [[foreign.pk, 1]],
    }
    for number in contents:
        (other if number == "neighbor" else job).shipments.create(carrier="usps", number=number)
    with undone("orders", "0011_shipment_lines") as apps:
        shipments: Any = apps.get_model("orders", "Shipment")
        for number, pairs in contents.items():
            shipments.objects.filter(number=number).update(contents=pairs)
    rows = ShipmentLine.objects.values_list("shipment__number", "line_id", "quantity")
    assert sorted(rows) == [
        ("neighbor", foreign.pk, 1),
        ("odd", mug.pk, 1),
        ("unknown", tee.pk, 1),
        ("whole", tee.pk, 2),
        ("whole", mug.pk, 1),
    ]


def test_undoing_shipment_lines_puts_the_pairs_back() -> None:
    job, [tee, mug] = _job(2, 1)
    shipment = job.shipments.create(carrier="usps", number="1")
    job.shipments.create(carrier="usps", number="2")
    shipment.lines.create(line=tee, quantity=2)
    shipment.lines.create(line=mug, quantity=1)
    with undone("orders", "0011_shipment_lines") as apps:
        shipments: Any = apps.get_model("orders", "Shipment")
        old = shipments.objects.order_by("number").values_list("contents", flat=True)
        assert list(old) == [[[tee.pk, 2], [mug.pk, 1]], []]
    assert sorted(shipment.lines.values_list("line_id", "quantity")) == [(tee.pk, 2), (mug.pk, 1)]


def test_lines_of_earlier_reprints_name_the_paid_line_they_repeat() -> None:
    """By variant first, then by the product, whose size the buyer may have swapped."""
    job, _ = _job(2, 1)
    tee, mug = lines = list(job.order.lines.all())
    swapped = factories.variant(tee.product, option_ids=[521, 15], title="White / M")
    again = claims.make(job.order, lines, who="eva")
    last = claims.make(again, again.lines.all(), who="eva")
    for reprint in (again, last):
        reprint.lines.filter(variant=tee.variant).update(variant=swapped, printify_variant_id=swapped.variant_id)
    foreign = factories.order_line(last, factories.variant(price=1))
    with undone("orders", "0013_repeated_lines"):
        pass
    for reprint in (again, last):
        named = reprint.lines.exclude(pk=foreign.pk).values_list("variant", "repeats")
        assert sorted(named) == sorted([(swapped.pk, tee.pk), (mug.variant_id, mug.pk)])
    foreign.refresh_from_db()
    assert (foreign.repeats, OrderLine.objects.get(pk=tee.pk).repeats) == (None, None)


def test_parcels_of_what_has_left_are_counted() -> None:
    jobs = {}
    for number, (state, parcels) in enumerate([("shipped", 2), ("delivered", 1), ("shipped", 0), ("in_production", 1)]):
        job, _lines = _job(1)
        Fulfilment.objects.filter(pk=job.pk).update(state=state, printify_order_id=f"p{number}")
        for parcel in range(parcels):
            job.shipments.create(carrier="usps", number=f"{number}-{parcel}")
        jobs[job.pk] = parcels if state != "in_production" else 0
    with undone("orders", "0015_parcel_facts"):
        pass
    assert dict(Fulfilment.objects.values_list("pk", "parcel_count")) == jobs
