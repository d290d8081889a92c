"""One product's page as it comes out."""

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from tests import factories
from tests.catalog.goods import BLACK, MEDIUM, SMALL, WHITE, picture, tee
from tests.pages import source, text

pytestmark = pytest.mark.django_db


def test_a_product_page_asks_as_often_for_many_variants_and_pictures_as_for_few(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    few, many = tee(), tee()
    for number in range(40):
        made = factories.variant(many, option_ids=[WHITE, SMALL])
        picture(many, [made.variant_id], f"more-{number}", number + 9)
    with CaptureQueriesContext(connection) as asked:
        client.get(few.get_absolute_url())
    with django_assert_max_num_queries(len(asked)):
        client.get(many.get_absolute_url())


def test_the_pictures_follow_the_color(client: Client) -> None:
    product = tee()
    black = source(client.get(f"{product.get_absolute_url()}?color={BLACK}"))
    stage = black.split("gallery__stage", 1)[1].split("</section>", 1)[0]
    assert f"{product.pk}-{BLACK}-1200.webp" in stage
    assert f"{product.pk}-{WHITE}-1200.webp" not in stage


def test_a_complete_choice_can_be_put_into_the_cart_by_its_ids_and_without_a_price(client: Client) -> None:
    product = tee()
    wanted = product.variants.get(option_ids=[BLACK, MEDIUM])
    body = source(client.get(f"{product.get_absolute_url()}?color={BLACK}&size={MEDIUM}"))
    form = body.split('action="/cart/add/"', 1)[1].split("</form>", 1)[0]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert fields | {"csrfmiddlewaretoken": ""} == {
        "csrfmiddlewaretoken": "",
        "product": str(product.pk),
        "variant": str(wanted.variant_id),
        "quantity": "1",
    }


def test_pressing_the_button_too_early_names_what_is_missing(client: Client) -> None:
    product = tee()
    answer = client.get(f"{product.get_absolute_url()}?ask=1")
    assert "One thing is missing Choose a size" in text(answer)
    assert "<title>Error: " in source(answer)
    assert "/cart/add/" not in source(answer)


def test_what_is_sold_out_cannot_be_added_and_the_reason_stands_in_words(client: Client) -> None:
    product = tee()
    product.variants.filter(option_ids=[BLACK, MEDIUM]).update(is_available=False)
    answer = client.get(f"{product.get_absolute_url()}?color={BLACK}&size={MEDIUM}")
    assert "Sold out in this color: M." in text(answer)
    assert "Black / M is sold out at the moment." in text(answer)
    assert "/cart/add/" not in source(answer)


def test_the_same_design_on_other_things_is_shown(client: Client) -> None:
    product = tee()
    tee(upstream_title="Bee Mug", tags=["Mugs"])
    tee(upstream_title="Cat Mug", artwork_ids=["cat"])
    page = text(client.get(product.get_absolute_url()))
    assert "Bee Mug" in page
    assert "Cat Mug" not in page


def test_structured_data_is_a_block_that_no_title_can_leave(client: Client) -> None:
    product = tee(upstream_title="Tee</script><script>alert(1)</script>&")
    body = source(client.get(product.get_absolute_url()))
    block, crumbs = re.findall(r'<script type="application/ld\+json">(.*?)</script>', body, re.DOTALL)
    assert json.loads(crumbs)["@type"] == "BreadcrumbList"
    data = json.loads(block)
    assert data["name"] == "Tee</script><script>alert(1)</script>&"
    assert data["offers"] | {"url": ""} == {
        "@type": "AggregateOffer",
        "url": "",
        "priceCurrency": "USD",
        "lowPrice": "24.99",
        "highPrice": "24.99",
        "offerCount": 4,
        "availability": "https://schema.org/InStock",
    }
    assert "<script>alert" not in body


def test_what_we_pay_is_on_no_page(client: Client) -> None:
    product = tee()
    product.variants.update(cost=123456)
    for path in (product.get_absolute_url(), "/", "/products/", "/search/?q=tee", "/feeds/google.xml"):
        body = client.get(path).getvalue().decode()
        assert "1234" not in body, path
        assert "cost" not in text_of(body), path


def text_of(body: str) -> str:
    return re.sub(r"<[^>]+>", " ", body)


@pytest.mark.parametrize("change", [{"hidden": True}, {"visible": False}, {"price_from": None}])
def test_what_is_hidden_is_not_there(client: Client, change: dict[str, Any]) -> None:
    product = tee(**change)
    assert client.get(f"{product.get_absolute_url()}?allowHidden=true").status_code == 404
    assert product.title not in source(client.get("/products/"))


def test_what_is_no_longer_made_keeps_its_page_and_shows_others(client: Client) -> None:
    product = tee(gone_at=timezone.now(), upstream_title="Old Bee Tee")
    tee(upstream_title="Bee Mug")
    answer = client.get(product.get_absolute_url())
    assert answer.status_code == 410
    assert "This design has retired" in text(answer)
    assert f"{product.pk}-{WHITE}-1200.webp" in source(answer)
    assert "Bee Mug" in text(answer)
