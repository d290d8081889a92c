"""Size guides and product safety from Printify's own routes: when they are read, what is kept, what the page shows."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import responses
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog import product_facts, tasks
from catalog.models import PrintifyCache, Product
from catalog.sync import upsert
from ilytat.integrations.errors import Unavailable
from tests.catalog.conftest import SHOP, tee
from tests.pages import source, text

pytestmark = pytest.mark.django_db

GUIDES = "https://api.printify.com/v1/catalog/blueprints"
GUIDE = {
    "sizes": ["S", "M"],
    "types": [
        {"name": "Width", "units": "in", "ranges": [{"from": "18.00", "to": None}, {"from": "20.00", "to": "21.00"}]},
        {"name": "Width", "units": "cm", "ranges": [{"from": "45.7", "to": None}, {"from": "50.8", "to": "53.3"}]},
    ],
}
SAFETY = [
    {"title": "Manufacturer", "text": "Mill <script>alert(1)</script><strong>Inc.</strong>"},
    {"title": "Empty", "text": ""},
]
TABLE = "<table><tr><th></th><th>S</th><th>M</th></tr><tr><td>Chest, in</td><td>17.00</td><td>19.00</td></tr></table>"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.RequestsMock]:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def stored(number: int = 1, **changes: Any) -> Product:
    product = upsert.store(tee(number, images=[], **changes), timezone.now()).product
    assert product
    return product


def answers(api: responses.RequestsMock, *products: Product, guide: Any = GUIDE, safety: Any = SAFETY) -> None:
    api.get(f"{GUIDES}/{products[0].blueprint_id}/size_guide.json", **_answer(guide))
    for product in products:
        api.get(f"{SHOP}/products/{product.printify_id}/gpsr.json", **_answer(safety))


def _answer(body: Any) -> dict[str, Any]:
    return {"status": body, "json": {}} if isinstance(body, int) else {"json": body}


def test_a_guide_is_read_once_for_its_blueprint_and_safety_once_for_each_product(api: responses.RequestsMock) -> None:
    answers(api, stored(1), stored(2))
    assert (product_facts.refresh(), product_facts.refresh()) == (3, 0)
    assert len(api.calls) == 3


def test_only_what_changed_or_expired_is_read_again(api: responses.RequestsMock) -> None:
    answers(api, stored(1), stored(2))
    product_facts.refresh()
    stored(1, title="A new title")
    assert product_facts.refresh() == 1
    PrintifyCache.objects.filter(type="size_guide").update(expires_at=timezone.now() - timedelta(minutes=1))
    assert product_facts.refresh() == 1


def test_what_is_not_for_sale_is_not_asked_for(api: responses.RequestsMock) -> None:
    stored(1, visible=False)
    assert product_facts.refresh() == 0
    assert not api.calls


@pytest.mark.parametrize("failure", [404, 422])
def test_a_refusal_keeps_what_is_known_and_is_asked_again_tomorrow(api: responses.RequestsMock, failure: int) -> None:
    product = stored()
    answers(api, product)
    product_facts.refresh()
    known = product_facts.of_product(product)
    PrintifyCache.objects.exclude(type="product").update(expires_at=timezone.now())
    api.reset()
    answers(api, product, guide=failure, safety=failure)
    assert (product_facts.refresh(), product_facts.refresh()) == (2, 0)
    assert product_facts.of_product(product) == known
    assert PrintifyCache.objects.get(type="safety").expires_at < timezone.now() + timedelta(days=1, minutes=1)


def test_an_outage_ends_the_reading_and_keeps_what_is_known(api: responses.RequestsMock) -> None:
    product = stored()
    answers(api, product)
    product_facts.refresh()
    known = product_facts.of_product(product)
    PrintifyCache.objects.exclude(type="product").update(expires_at=timezone.now())
    api.reset()
    answers(api, product, guide=503, safety=503)
    with pytest.raises(Unavailable):
        product_facts.refresh()
    assert product_facts.of_product(product) == known


def test_one_broken_answer_does_not_keep_the_others_from_being_read(api: responses.RequestsMock) -> None:
    broken, good = stored(1), stored(2)
    answers(api, broken, guide=500, safety=500)
    api.get(f"{SHOP}/products/{good.printify_id}/gpsr.json", json=SAFETY)
    assert (product_facts.refresh(), product_facts.refresh()) == (1, 0)
    assert product_facts.of_product(good)[1]
    PrintifyCache.objects.filter(data={}).update(expires_at=timezone.now())
    api.reset()
    answers(api, broken)
    assert product_facts.refresh() == 2


def test_the_safety_of_what_is_not_sold_any_more_is_forgotten_a_month_after_it_expired(
    api: responses.RequestsMock,
) -> None:
    products = [stored(number) for number in (1, 2, 3)]
    answers(api, *products)
    product_facts.refresh()
    for_sale, recent, old = products
    Product.objects.filter(pk__in=[recent.pk, old.pk]).update(gone_at=timezone.now())
    expired = timezone.now() - product_facts.KEEP - timedelta(minutes=1)
    PrintifyCache.objects.exclude(external_id=recent.printify_id).update(expires_at=expired)
    before = PrintifyCache.objects.count()
    tasks.remove_leftovers()
    assert set(PrintifyCache.objects.filter(type="safety").values_list("external_id", flat=True)) == {
        for_sale.printify_id,
        recent.printify_id,
    }
    assert PrintifyCache.objects.count() == before - 1


def test_no_fact_is_asked_for_after_the_time_is_over(api: responses.RequestsMock) -> None:
    stored()
    assert product_facts.refresh(until=time.monotonic() - 1) == 0
    assert not api.calls


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"sizes": [], "types": []},
        {"sizes": ["S"], "types": None},
        {"sizes": ["S", "M"], "types": [{"name": "Width", "units": "in", "ranges": [{"from": "1", "to": None}]}]},
        {"sizes": ["S"], "types": [{"name": None, "units": 3, "ranges": [{}]}]},
        {"sizes": [str(number) for number in range(21)], "types": [{"name": "W", "ranges": [{}] * 21}]},
    ],
    ids=["nothing", "empty", "null", "too few measures", "without a name", "too many sizes"],
)
def test_a_guide_that_is_no_table_is_none(answer: dict[str, Any]) -> None:
    assert product_facts.read_guide(answer) == {}


def test_a_measure_of_another_type_is_left_empty() -> None:
    measures = [{"name": "Width", "units": "in", "ranges": [{"from": ["1"], "to": {}}, {"from": "2", "to": ""}]}]
    guide = product_facts.read_guide({"sizes": ["S", "M"], "types": measures})
    assert guide["rows"] == [["Width, in", ["", "2"]]]


def test_the_page_shows_the_guide_in_both_units_and_cleaned_safety_texts(
    api: responses.RequestsMock, client: Client
) -> None:
    product = stored(description=f"<p>A tee.</p>{TABLE}")
    answers(api, product)
    product_facts.refresh()
    page = client.get(product.get_absolute_url())
    html, words = source(page), text(page)
    assert "Chest" not in words, "the description's table has the same sizes"
    assert html.count("<table") == 1
    for inches, centimeters in (("18", "45.7"), ("20–21", "50.8–53.3")):
        assert f'{inches}&nbsp;<abbr title="inches">in</abbr><span class="table__second">{centimeters}&nbsp;cm' in html
    safety = html.partition('id="product-safety"')[2].partition("</details>")[0]
    assert "Manufacturer</h3>" in safety
    assert "<strong>Inc.</strong>" in safety
    assert "<script" not in safety
    assert "Empty" not in words


def test_without_them_the_page_falls_back_on_the_description(client: Client) -> None:
    product = stored(description=f"<p>A tee.</p>{TABLE}", safety_information="<p>Made by Mill.</p>")
    words = text(client.get(product.get_absolute_url()))
    assert "Chest" in words
    assert "Made by Mill." in words
    assert "Product safety" not in words


def test_another_table_in_the_description_stays_beside_the_guide(api: responses.RequestsMock, client: Client) -> None:
    care = "<table><tr><th></th><th>Cold</th></tr><tr><td>Wash</td><td>yes</td></tr></table>"
    product = stored(description=f"<p>A tee.</p>{care}")
    answers(api, product)
    product_facts.refresh()
    words = text(client.get(product.get_absolute_url()))
    assert "Cold" in words
    assert "45.7" in words


def test_they_cost_a_page_one_query() -> None:
    product = stored()
    with CaptureQueriesContext(connection) as queries:
        product_facts.of_product(product)
    assert len(queries) == 1
