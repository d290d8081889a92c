"""Whatever happens at Printify and on the way, one clean synchronisation ends with what Printify has."""

import copy
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import requests
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import PriceChange, PrintifyCache, Product, Variant
from catalog.sync import removed, runner, writers
from ilytat.integrations import alerts, providers
from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.models import RateBucket
from tests.catalog.conftest import Upstream, awaits_staff, page_of
from tests.payloads import payload

pytestmark = pytest.mark.django_db
PER_PAGE = 2
World = list[dict[str, Any]]


def key(number: int) -> str:
    return f"{number:024x}"


def thing(number: int, tick: int) -> dict[str, Any]:
    """A product with two variants, changed at `tick` for the last time."""
    variants = [
        {
            "id": 10 + place,
            "title": size,
            "price": 1000 + place,
            "is_enabled": True,
            "is_available": True,
            "options": [],
        }
        for place, size in enumerate("SM")
    ]
    made = payload("printify/product_bare", id=key(number), title=f"Thing {number}", variants=variants)
    return made | {"updated_at": stamp(tick), "print_areas": []}


def stamp(tick: int) -> str:
    return f"2026-10-05 {tick // 60:02d}:{tick % 60:02d}:00+00:00"


# --- what the owner does there: (world, number, tick) → nothing ------------------------------------------


def edited(change: Callable[[dict[str, Any]], None]) -> Callable[[World, int, int], None]:
    def edit(world: World, number: int, tick: int) -> None:
        for item in world:
            if item["id"] == key(number):
                change(item)
                item["updated_at"] = stamp(tick)

    return edit


def made(world: World, number: int, tick: int) -> None:
    if all(item["id"] != key(number) for item in world):
        world.append(thing(number, tick))


def unmade(world: World, number: int, _tick: int) -> None:
    world[:] = [item for item in world if item["id"] != key(number)]


CHANGES: dict[str, Callable[[World, int, int], None]] = {
    "make": made,
    "delete": unmade,
    "rename": edited(lambda item: item.update(title=item["title"] + "!")),
    "raise": edited(lambda item: item["variants"][0].update(price=item["variants"][0]["price"] + 500)),
    "sell out": edited(lambda item: item["variants"][0].update(is_available=not item["variants"][0]["is_available"])),
    "withdraw": edited(lambda item: item["variants"][-1].update(is_enabled=not item["variants"][-1]["is_enabled"])),
    "drop": edited(lambda item: item.update(variants=item["variants"][:1])),
    "mark": edited(lambda item: item.update(is_deleted=not item.get("is_deleted"))),
    "hide": edited(lambda item: item.update(visible=not item.get("visible", True))),
    "draw": edited(lambda item: item.update(print_areas=[{"placeholders": [{"images": [{"id": item["title"]}]}]}])),
    "strip": edited(lambda item: item.update(images=[])),
}

# --- what goes wrong on the way: (page, number) → what is sent instead ------------------------------------


def broken(page: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(page)
    for item in found["data"][:1]:
        item["variants"] = "none"
    return found


FAULTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "down": lambda _page: 503,
    "token": lambda _page: 401,
    "html": lambda _page: "<html>soon</html>",
    "nan": lambda _page: '{"data": [NaN]}',
    "cut": lambda _page: requests.ConnectionError("cut"),
    "empty": lambda _page: {"data": [], "last_page": 1, "total": 0},
    "short": lambda page: page | {"data": page["data"][:1]},
    "lie": lambda page: page | {"total": page["total"] + 7},
    "end": lambda page: page | {"last_page": 1},
    "no more": lambda page: page | {"last_page": 1, "total": len(page["data"])},
    "broken": broken,
    "stray": lambda page: page | {"data": [*page["data"], {"no": "id"}]},
    "invented": lambda page: page | {"data": [*page["data"], thing(99, 1)]},
}

NUMBERS = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("change"), st.sampled_from(sorted(CHANGES)), NUMBERS),
    st.tuples(st.just("change"), st.sampled_from(sorted(CHANGES)), NUMBERS),
    st.tuples(st.just("sync"), st.sampled_from(["", *sorted(FAULTS)]), st.integers(1, 3)),
    st.tuples(st.just("refresh"), st.sampled_from(["", "down", "token", "html", "cut"]), NUMBERS),
)


def refresh(upstream: Upstream, fault: str, number: int) -> None:
    if fault:
        upstream.single[key(number)] = FAULTS[fault]({})
    with suppress(IntegrationError):
        runner.refresh_product(key(number))


def broken_sync(upstream: Upstream, fault: str, number: int) -> None:
    if fault:
        upstream.pages[number] = FAULTS[fault](page_of(upstream.products, number, PER_PAGE))
    run = runner.run("test")
    assert run is not None
    assert run.gone == 0 or run.state == "success"


def clean_sync(upstream: Upstream) -> None:
    """Where more than a third is gone, the person who is asked says yes."""
    upstream.pages, upstream.single = {}, {}
    alerts.close_alert(providers.alert_key("printify"))  # as the health check does once the token is taken
    run = runner.run("test")
    assert run is not None
    if awaits_staff(run):
        removed.confirm(run)


def there(world: World) -> dict[str, Any]:
    return {item["id"]: wanted(item) for item in world if not item.get("is_deleted")}


def wanted(item: dict[str, Any]) -> tuple[object, ...]:
    offered = {each["id"]: (each["price"], each["is_available"]) for each in item["variants"] if each["is_enabled"]}
    sellable = [price for price, available in offered.values() if available]
    pictures = [each["src"] for each in item["images"] if set(each["variant_ids"]) & set(offered)]
    lowest = min(sellable or [price for price, _ in offered.values()], default=None)
    return item["title"], item.get("visible", True), offered, lowest, bool(sellable), pictures


def here() -> dict[str, Any]:
    rows = Product.objects.filter(gone_at=None).prefetch_related("variants", "images")
    return {row.printify_id: shown(row) for row in rows}


def shown(row: Product) -> tuple[object, ...]:
    offered = {each.variant_id: (each.price, each.is_available) for each in row.variants.all() if each.is_enabled}
    pictures = [each.source_url for each in row.images.all()]
    return row.title, row.visible, offered, row.price_from, row.in_stock, pictures


def log_agrees() -> bool:
    """The last entry of each variant's price log is what is shown of it."""
    last = {each.variant_id: (each.price, each.available) for each in PriceChange.objects.order_by("pk")}
    variants = Variant.objects.select_related("product")
    return last == {each.pk: (each.price, writers.offered(each)) for each in variants}


@pytest.fixture
def clean(upstream: Upstream) -> Callable[[], Upstream]:
    """The same upstream, as new for each example."""

    def start() -> Upstream:
        upstream.__init__([thing(number, 0) for number in range(4)], PER_PAGE)  # type: ignore[misc]  # reset in place
        return upstream

    return start


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(steps=st.lists(STEPS, max_size=9))
def test_after_any_changes_and_faults_one_clean_run_ends_with_what_printify_has(
    clean: Callable[[], Upstream], steps: list[tuple[str, str, int]]
) -> None:
    upstream = clean()
    with transaction.atomic():
        for tick, (what, name, number) in enumerate(steps, start=1):
            if what == "change":
                CHANGES[name](upstream.products, number, tick)
            else:
                {"sync": broken_sync, "refresh": refresh}[what](upstream, name, number)
            RateBucket.objects.all().delete()
        clean_sync(upstream)
        assert here() == there(upstream.products)
        assert not PrintifyCache.objects.filter(external_id__in=here()).exclude(error="").exists()
        assert log_agrees()
        transaction.set_rollback(True)
