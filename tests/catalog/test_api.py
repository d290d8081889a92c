import json
import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from catalog.models import Product, ProductImage, Variant
from catalog.sync import upsert
from tests.catalog.conftest import tee

pytestmark = pytest.mark.django_db

# A number stands alone: inside the fraction of a second it is nothing.
# Costs may equal a row's id by chance.
SECRET = (
    "cost", "print_areas", "print-file", r'(?<!id": )\b1050\b', r'(?<!id": )\b1100\b', "9000001", "artwork",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _shelf() -> None:
    for number in range(1, 4):
        upsert.store(tee(number, title=f"Tee {number}"), timezone.now())
    upsert.store(tee(4, title="Not shown", visible=False), timezone.now())
    ProductImage.objects.filter(product__printify_id=tee(1)["id"], position=0).update(
        files={"400": "products/aa/a-400.webp", "1200": "products/aa/a-1200.webp"}, digest="a"
    )


def got(client: Client, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    return answer.json()


def ours(number: int = 1) -> Product:
    return Product.objects.get(printify_id=tee(number)["id"])


def test_the_list_pages_through_what_is_for_sale(client: Client) -> None:
    first = got(client, "/api/products?per_page=2")
    assert {name: first[name] for name in ("count", "page", "pages", "per_page")} == {
        "count": 3,
        "page": 1,
        "pages": 2,
        "per_page": 2,
    }
    second = got(client, "/api/products?per_page=2&page=2")
    assert sorted(item["title"] for item in first["items"] + second["items"]) == ["Tee 1", "Tee 2", "Tee 3"]


def test_one_product_by_our_id_or_printifys_with_or_without_a_slash(client: Client) -> None:
    pages = [got(client, f"/api/products/{key}") for key in (ours().pk, tee(1)["id"], f"{ours().pk}/")]
    assert pages[0] == pages[1] == pages[2]


def test_what_a_product_says(client: Client, settings: LazySettings) -> None:
    found = got(client, f"/api/products/{ours().pk}")
    assert (found["currency"], found["price_from"], found["price_to"], found["in_stock"]) == ("USD", 2499, 2599, True)
    assert found["url"] == f"{settings.SITE_URL}/products/{ours().slug}/"
    assert found["variants"][0] == {
        "variant_id": 12001,
        "sku": "9000000001",
        "title": "White / S",
        "option_ids": [521, 14],
        "price": 2499,
        "available": True,
    }
    assert [option["values"] for option in found["options"]] == [
        [{"id": 521, "title": "White", "colors": ["#ffffff"]}, {"id": 451, "title": "Ash", "colors": ["#f6f6f6"]}],
        [{"id": 14, "title": "S", "colors": []}, {"id": 15, "title": "M", "colors": []}],
    ]
    assert [(image["url"], image["variant_ids"]) for image in found["images"]] == [
        (f"{settings.SITE_URL}/media/products/aa/a-1200.webp", [12001, 12002])
    ]
    assert found["description"] == "<p>Soft, and <strong>kind</strong>.</p>"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?allowHidden=true",
        "?hidden=1&visible=false",
        "?fields=cost,print_areas",
        "?limit=999",
        "?include=variants.cost",
    ],
)
def test_costs_print_files_and_hidden_products_stay_here_whatever_the_query(client: Client, query: str) -> None:
    body = json.dumps([got(client, f"/api/products{query}"), got(client, f"/api/products/{ours().pk}{query}")])
    assert "Not shown" not in body
    assert [word for word in SECRET if re.search(word, body)] == []


@pytest.mark.parametrize(
    "changes", [{"hidden": True}, {"visible": False}, {"gone_at": timezone.now()}, {"price_from": None}]
)
def test_what_is_not_for_sale_is_not_there(client: Client, changes: dict[str, Any]) -> None:
    key = ours().pk
    Product.objects.filter(pk=key).update(**changes)
    answer = client.get(f"/api/products/{key}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert got(client, "/api/products")["count"] == 2


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/api/products?page=0", 422, "page"),
        ("/api/products?page=x", 422, "page"),
        ("/api/products?page=99", 404, "page"),
        ("/api/products?per_page=500", 422, "per_page"),
        ("/api/products?category=nowhere", 404, "category"),
        (f"/api/products?search={'x' * 300}", 422, "search"),
        ("/api/products/99999999", 404, None),
        ("/api/products/٣", 404, None),
        ("/api/products/" + "9" * 40, 404, None),
        ("/api/products/..%2f..%2fetc", 404, None),
    ],
)
def test_errors_have_one_shape(client: Client, path: str, status: int, field: str | None) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    if field or "application/json" in answer["Content-Type"]:
        error = answer.json()["error"]
        assert set(error) == {"code", "message", "fields"}
        assert list(error["fields"]) == ([field] if field else [])


def test_category_and_search_narrow_the_list(client: Client) -> None:
    upsert.store(tee(5, title="Sunny mug", tags=["Mugs"]), timezone.now())
    assert [item["title"] for item in got(client, "/api/products?category=gifts")["items"]] == ["Sunny mug"]
    assert [item["title"] for item in got(client, "/api/products?search=sunny")["items"]] == ["Sunny mug"]
    assert got(client, "/api/products?category=apparel&search=sunny")["count"] == 0


def test_nothing_new_is_304_and_a_change_is_not(client: Client) -> None:
    path = f"/api/products/{ours().pk}"
    first = client.get(path)
    etag, changed = first["ETag"], first["Last-Modified"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(path, headers={"If-None-Match": f"W/{etag}"}).status_code == 304
    assert client.get(path, headers={"If-Modified-Since": changed}).status_code == 304
    Variant.objects.filter(product=ours()).update(price=2999)
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_list(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5, 25):
        upsert.store(tee(number), timezone.now())
    got(client, "/api/products")
    with django_assert_max_num_queries(9):
        assert len(got(client, "/api/products?per_page=50")["items"]) == 23
