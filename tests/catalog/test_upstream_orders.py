"""Printify's orders, read from whatever comes: one strange parcel must not stop all parcels."""

from typing import Any

import pytest

from catalog.printify.orders import COST_MAX, read_order
from ilytat.integrations.errors import Unavailable
from orders import fulfillment
from orders.models import Fulfilment, Shipment
from tests import factories

ORDER: dict[str, Any] = {"id": "5a96f649b2439217d070f507", "status": "fulfilled", "metadata": {"shop_order_id": "T1"}}
GOOD = {"carrier": "USPS", "number": "94001", "url": "https://tools.usps.com/go?n=94001"}
ODD: tuple[object, ...] = (None, True, 7, 10**30, "x", "\0\ud800", 1e308, [], [[]], {}, [None, 1, "x"], {"a": []})


@pytest.mark.parametrize("odd", ODD, ids=ascii)
@pytest.mark.parametrize("name", ["metadata", "shipments", "line_items", "status", "total_price", "total_tax"])
def test_no_shape_of_a_field_breaks_the_reading(name: str, odd: object) -> None:
    order = read_order(ORDER | {"shipments": [GOOD]} | {name: odd})
    assert order.id == ORDER["id"]
    assert 0 <= order.cost <= COST_MAX
    assert "\0" not in order.status


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,<script>",
        "//evil.example/",
        "http://[",
        "https://",
        "ftp://example.com/",
        "https://example.com/" + "x" * 600,
        "JaVaScRiPt://example.com/%0aalert(1)",
        None,
        7,
        {},
    ],
    ids=lambda url: ascii(url)[:40],
)
def test_a_parcel_keeps_its_number_when_its_link_is_none(url: object) -> None:
    (parcel,) = read_order(ORDER | {"shipments": [GOOD | {"url": url}]}).parcels
    assert (parcel.number, parcel.url) == ("94001", "")


def test_an_order_nested_too_deeply_is_no_answer() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"a": deep}
    with pytest.raises(Unavailable):
        read_order(ORDER | {"print_areas": deep})


@pytest.mark.django_db
def test_the_largest_and_oddest_parcel_is_kept() -> None:
    order = factories.paid_order()
    job = Fulfilment.objects.create(
        order=order,
        external_id=order.number,
        request={},
        release_at=order.placed_at,
        state="in_production",
        printify_order_id=ORDER["id"],
    )
    parcel = {"carrier": "\0\ud800" + "c" * 300, "number": "\0\ud800" + "9" * 300, "url": GOOD["url"]}
    line = {"metadata": {"external_id": "\0"}, "variant_id": 10**30, "print_provider_id": 10**30}
    upstream = read_order(ORDER | {"shipments": [parcel], "line_items": [line], "total_price": 10**30})

    fulfillment.record(job, upstream, who="test")

    kept = Shipment.objects.get()
    assert (len(kept.carrier), len(kept.number), kept.provider_id) == (60, 120, None)
