"""The shop's own pages, and what machines read."""

import re
from xml.etree import ElementTree as ET

import pytest
from django.conf import LazySettings
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from catalog.storefront import seo as feeds
from ilytat.pages.texts import SLUGS
from tests.catalog.goods import tee
from tests.pages import source, text

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("slug", sorted(SLUGS))
def test_every_page_of_the_footer_is_there(client: Client, slug: str) -> None:
    answer = client.get(f"/pages/{slug}/")
    assert answer.status_code == 200
    assert source(answer).count("<h1") == 1


def test_a_page_that_is_not_one_is_not_found_and_leads_on(client: Client) -> None:
    answer = client.get("/pages/base/")
    assert answer.status_code == 404
    assert "This page is not here" in text(answer)
    assert 'action="/search/"' in source(answer)


def test_the_error_page_needs_no_template_engine(settings: LazySettings) -> None:
    words = (settings.BASE_DIR / "templates" / "500.html").read_text(encoding="utf-8")
    assert not re.search(r"{[{%]|<link|<script|<style|style=", words)


def test_the_sitemap_lists_what_is_for_sale_and_nothing_else(client: Client, settings: LazySettings) -> None:
    shown, hidden = tee(), tee(hidden=True)
    tree = ET.fromstring(client.get("/sitemap.xml").content)  # noqa: S314 (our own answer)
    addresses = [node.text for node in tree.iter() if node.tag.endswith("loc")]
    assert f"{settings.SITE_URL}{shown.get_absolute_url()}" in addresses
    assert f"{settings.SITE_URL}{hidden.get_absolute_url()}" not in addresses


def test_robots_keep_out_of_carts_and_orders(client: Client) -> None:
    lines = source(client.get("/robots.txt")).splitlines()
    assert {"Disallow: /cart/", "Disallow: /checkout/", "Disallow: /orders/"} <= set(lines)


def test_the_product_feed_is_one_item_a_variant_grouped_by_product(client: Client) -> None:
    product = tee(upstream_title="Bee & Tee")
    channel = ET.fromstring(client.get("/feeds/google.xml").getvalue())[0]  # noqa: S314 (our own answer)
    items = [{node.tag.rpartition("}")[2]: node.text or "" for node in item} for item in channel.iter("item")]
    assert {(item["item_group_id"], item["price"], item["age_group"]) for item in items} == {
        (product.printify_id, "24.99 USD", "adult")
    }
    assert [item["title"] for item in items] == [
        f"Bee & Tee ({colour} / {size})" for colour in ("White", "Black") for size in ("S", "M")
    ]
    assert len({item["id"] for item in items}) == len(items)
    assert all(f"?variant={item['id'].rpartition('-')[2]}" in item["link"] for item in items)


def test_the_language_can_be_changed_from_every_page(client: Client) -> None:
    body = source(client.get("/products/?sort=price"))
    assert 'name="next" value="/products/?sort=price"' in body
    assert client.post("/language/", {"language": "fr", "next": "/products/"}).status_code == 302
    assert '<html lang="fr">' in source(client.get("/products/"))


def test_the_product_feed_is_drawn_once_for_each_version_of_the_catalog(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    tee(upstream_title="Bee")
    first = client.get("/feeds/google.xml")
    feed = first.getvalue()
    monkeypatch.setattr(feeds, "_written", lambda *_: pytest.fail("it was drawn again"))

    with django_assert_num_queries(4):  # two of them are of the index that tests keep
        assert client.get("/feeds/google.xml", headers={"Accept-Language": "es"}).getvalue() == feed
    assert client.get("/feeds/google.xml", headers={"If-None-Match": first["ETag"]}).status_code == 304

    monkeypatch.undo()
    tee(upstream_title="Moth")
    second = client.get("/feeds/google.xml", headers={"If-None-Match": first["ETag"]})
    assert (b"Moth" in second.getvalue(), b"Moth" in feed) == (True, False)
    assert client.get("/feeds/google.xml", headers={"If-None-Match": second["ETag"]}).status_code == 304


def test_while_the_product_feed_is_drawn_others_get_the_one_before(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "_latest", feeds.Feed("", b""))
    tee(upstream_title="Bee")
    with feeds._drawing:
        answer = client.get("/feeds/google.xml")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")
    client.get("/feeds/google.xml")
    tee(upstream_title="Moth")
    with feeds._drawing:
        assert b"Moth" not in client.get("/feeds/google.xml").getvalue()
    assert b"Moth" in client.get("/feeds/google.xml").getvalue()


def test_a_long_product_feed_is_sent_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "<item/>" * 100_000
    pieces = list(feeds._expanded(feeds.Feed("1", feeds._compressed([text, "end"]))))
    assert b"".join(pieces).decode() == text + "end"
    assert max(map(len, pieces)) <= feeds.PIECE_BYTES
