"""Every shape of trouble that a list can come in, over real HTTP: what the run says, and what stays on the shelf."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from catalog.models import PrintifyCache, Product, SyncRun
from catalog.printify import client, rate_budget
from catalog.printify.client import printify
from catalog.sync import publishing, removed, runner
from ilytat.integrations import limits
from ilytat.integrations.errors import Unavailable
from ilytat.integrations.models import Alert, RateBucket
from tests import worlds
from tests.catalog.conftest import awaits_staff, tee
from tests.stack import KEYS
from tests.stand_in import Sandbox

pytestmark = pytest.mark.django_db
LIST = "printify.products.list"
COUNT = 6


@pytest.fixture(scope="module")
def small_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of its own with six products and no others."""
    with worlds.sandbox_alone(tmp_path_factory.mktemp("small"), SANDBOX_CATALOGUE="none") as running:
        yield running


@pytest.fixture
def shop(small_shop: Sandbox, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Read once, two products a page; quick to lose patience."""
    settings.PRINTIFY_API_BASE, settings.PRINTIFY_API_KEY = f"{small_shop.url}/printify", KEYS["PRINTIFY_API_KEY"]
    monkeypatch.setattr(client, "PRODUCTS_PER_PAGE", 2)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    small_shop.reset()
    for number in range(COUNT):
        made = tee(number)
        small_shop.post(f"/control/printify/products/{made.pop('id')}", made)
    printify.cache_clear()
    assert done().created == COUNT
    yield small_shop
    small_shop.clear()


def done() -> SyncRun:
    run = runner.run("test")
    assert run is not None
    return run


def eventually(count: Callable[[], int], wanted: int = 3) -> int:
    """A busy sandbox may count a request after its caller has given up."""
    end = time.monotonic() + 10
    while (found := count()) < wanted and time.monotonic() < end:
        threading.Event().wait(0.05)
    return found


def on_the_shelf() -> int:
    return Product.objects.for_sale().count()


@pytest.mark.parametrize(
    ("kind", "params", "note"),
    [
        ("truncated_page", {}, "3 of 6 products came"),
        ("empty_list", {}, "6 of 6 products were missing: nothing was hidden"),
        ("lying_total", {"more": 10}, "6 of 16 products came"),
        ("repeated_pages", {}, "page 2 repeats earlier ones"),
        ("overlapping_pages", {}, "5 of 6 products came"),
    ],
)
def test_a_list_that_does_not_add_up_hides_nothing(shop: Sandbox, kind: str, params: dict[str, Any], note: str) -> None:
    fault = shop.arm(LIST, kind, times=None, params=params)
    run = done()
    assert (run.state, run.gone, on_the_shelf()) == ("partial", 0, COUNT)
    assert note in run.note
    assert shop.fired(fault) > 0


def test_endless_pages_end(shop: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = shop.arm(LIST, "endless_pages", times=None)
    with monkeypatch.context() as patched:
        patched.setattr("catalog.sync.pager.PAGES_MAX", 2)
        run = done()
    assert (run.state, run.gone, run.calls, shop.fired(fault)) == ("partial", 0, 2, 2)
    assert "stopped after 2 pages" in run.note
    shop.clear()
    assert (done().gone, on_the_shelf()) == (2, COUNT)


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("nan", {"count": 0, "key": "price"}),
        ("deep", {}),
        ("bom", {}),
        ("html", {}),
        ("empty", {}),
        ("broken_json", {}),
        ("huge", {"megabytes": 20}),
        ("drip", {}),
        ("hang", {"seconds": 1}),
        ("accept_then_cut", {}),
        ("500", {}),
        ("502", {}),
        ("503", {"retry_after": "http-date", "seconds": 1}),
    ],
)
def test_an_answer_that_is_none_is_asked_for_three_times_and_harms_nothing(
    shop: Sandbox, kind: str, params: dict[str, Any]
) -> None:
    api = printify()
    if kind == "hang":
        api.http = replace(api.http, read_timeout=0.3)
    if kind == "drip":
        api.http = replace(api.http, deadline=0.3)
    fault = shop.arm(LIST, kind, times=None, params=params)
    run = done()
    assert (run.state, run.gone, on_the_shelf()) == ("failed", 0, COUNT)
    assert eventually(lambda: shop.fired(fault)) == 3
    assert not PrintifyCache.objects.exclude(error="").exists()
    shop.clear()
    printify.cache_clear()
    assert (done().unchanged, PrintifyCache.objects.fresh().count()) == (COUNT, COUNT)


@pytest.mark.parametrize(
    ("params", "least", "most"),
    [
        ({"retry_after": 30}, 29, 36),
        ({"retry_after": "http-date", "seconds": 40}, 38, 48),
        ({"retry_after": "missing"}, 9, 12),
        ({"retry_after": "soon"}, 9, 12),
        ({"retry_after": -5}, 9, 12),
        ({"retry_after": 86_400}, 299, 300),
    ],
)
def test_a_429_pauses_the_whole_client_and_the_next_call_is_not_even_sent(
    shop: Sandbox, params: dict[str, Any], least: float, most: float
) -> None:
    fault, before = shop.arm(LIST, "429", times=None, params=params), timezone.now()
    assert (done().state, on_the_shelf(), shop.fired(fault)) == ("failed", COUNT, 1)
    with pytest.raises(Unavailable) as refused:
        printify().shops()
    found = limits.paused(rate_budget.ACCOUNT)
    assert found is not None
    assert before + timedelta(seconds=least) <= found[0] <= timezone.now() + timedelta(seconds=most)
    assert refused.value.status == 0


NESTED: Any = [[]]
for _ in range(60):
    NESTED = [NESTED]


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"variant": {"price": "a lot"}}, "no usable price"),
        ({"variant": {"price": 19.99}}, "no usable price"),
        ({"variant": {"price": None}}, "no usable price"),
        ({"variant": {"price": -1}}, "no usable price"),
        ({"variant": {"price": 10**12}}, "no usable price"),
        ({"drop": ["variants"]}, "variants are missing"),
        ({"set": {"variants": {"0": {}}}}, "variants are missing"),
        ({"set": {"title": None}}, "title is missing"),
        ({"set": {"title": {"en": "Tee"}}}, "title is missing"),
        ({"set": {"print_areas": NESTED}}, "nested too deeply"),
    ],
)
def test_one_product_that_cannot_be_read_waits_in_quarantine_with_its_reason(
    shop: Sandbox, params: dict[str, Any], reason: str
) -> None:
    enabled = {"is_enabled": True} if "variant" in params else {}
    params = params | ({"variant": params["variant"] | enabled} if enabled else {})
    shop.arm(LIST, "drift", params=params)
    run = done()
    assert (run.state, run.failed, run.unchanged, on_the_shelf()) == ("success", 1, COUNT - 1, COUNT)
    held = PrintifyCache.objects.exclude(error="").get()
    assert reason in held.error
    assert run.changes.get(outcome="failed").error == held.error
    assert done().failed == 0
    assert not PrintifyCache.objects.exclude(error="").exists()


@pytest.mark.parametrize(
    "params",
    [
        {"variant": {"price": "2500"}},
        {"variant": {"price": 2500.0}},
        {"set": {"description": None}},
        {"drop": ["images"]},
        {"set": {"images": None}},
        {"drop": ["options"]},
        {"set": {"tags": None, "safety_information": None, "views": None}},
        {"set": {"external": [], "print_details": [], "sales_channel_properties": None}},
        {"set": {"brand_new": {"anything": [1, 2.5, None]}, "variant_count": "many"}},
        {"drop": ["created_at", "updated_at", "visible", "is_locked", "blueprint_id"]},
    ],
)
def test_drift_that_does_no_harm_is_read_over(shop: Sandbox, params: dict[str, Any]) -> None:
    fault = shop.arm(LIST, "drift", params=params)
    run = done()
    assert (run.state, run.failed, on_the_shelf(), shop.fired(fault)) == ("success", 0, COUNT, 1)


@pytest.mark.parametrize("thing", [None, "a product", 7, [], {"id": 17}, {"title": "no id"}])
def test_what_is_no_product_at_all_makes_the_run_incomplete_and_no_more(shop: Sandbox, thing: object) -> None:
    shop.arm(LIST, "drift", params={"object": thing})
    run = done()
    assert (run.state, run.failed, run.gone, on_the_shelf()) == ("partial", 1, 0, COUNT)


def lose(shop: Sandbox, count: int) -> SyncRun:
    for number in range(count):
        shop.post(f"/control/printify/products/{tee(number)['id']}", {"is_deleted": True})
    return done()


def test_a_third_missing_waits_for_a_person_who_may_say_that_it_is_right(shop: Sandbox) -> None:
    run = lose(shop, 2)
    assert (run.state, run.gone, on_the_shelf(), awaits_staff(run)) == ("partial", 0, COUNT, True)
    assert removed.confirm(run) == 2
    assert (on_the_shelf(), awaits_staff(run)) == (COUNT - 2, False)
    assert done().state == "success"


def test_a_person_who_says_that_the_list_is_wrong_is_not_asked_again_about_the_same(shop: Sandbox) -> None:
    assert removed.decline(lose(shop, 2)) == 2
    again = done()
    assert (again.state, on_the_shelf(), awaits_staff(again)) == ("partial", COUNT, False)
    assert not Alert.objects.filter(key=removed.VANISHED, closed_at=None).exists()
    assert awaits_staff(lose(shop, 3))


def test_one_missing_of_six_is_believed(shop: Sandbox) -> None:
    assert (lose(shop, 1).state, on_the_shelf()) == ("success", COUNT - 1)


# --- a product that its owner publishes there, while the event is lost on the way ----------------------------


def publish(shop: Sandbox, **changes: Any) -> str:
    key = str(tee(0)["id"])
    if changes:
        shop.post(f"/control/printify/products/{key}", changes)
    shop.post(f"/control/printify/products/{key}/publish")
    done()
    return key


def locked_there(key: str) -> bool:
    found = printify().product(key)
    assert found is not None
    return bool(found["is_locked"])


@pytest.mark.parametrize("trouble", ["500", "accept_then_500", "accept_then_cut", "429", "503"])
def test_a_publishing_whose_event_was_lost_is_answered_whatever_happens_to_the_answer(
    shop: Sandbox, trouble: str
) -> None:
    fault = shop.arm("printify.products.publishing_succeeded", trouble)
    key = publish(shop)
    assert publishing.answer_all() == 0
    assert shop.fired(fault) == 1
    RateBucket.objects.all().delete()
    publishing.answer_all()
    assert (locked_there(key), publishing.locked_ids()) == (False, [])
    assert shop.state()["publishing_errors"] == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"variants": [{"id": 12001, "is_enabled": True, "price": "a lot"}]}, "no usable price"),
        ({"title": None}, "title is missing"),
        ({"variants": [{"id": key, "is_enabled": False} for key in (12001, 12002, 12003)]}, "No variant is enabled"),
    ],
)
def test_what_cannot_be_sold_is_refused_there_with_the_reason(
    shop: Sandbox, changes: dict[str, Any], reason: str
) -> None:
    key = publish(shop, **changes)
    assert publishing.answer_all() == 1
    assert not locked_there(key)
    assert publishing.locked_ids() == []
    [told] = shop.state()["publishing_errors"]
    assert reason in told["reason"]
