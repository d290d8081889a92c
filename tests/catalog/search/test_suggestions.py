"""The search box's suggestions, what is missed, and what was seen before."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import MissedSearch, Posting, Product
from catalog.search import index, query, suggestions
from tests import factories
from tests.catalog.goods import tee
from tests.pages import source, text

pytestmark = pytest.mark.django_db


def suggested(client: Client, query: str) -> list[str]:
    return [item["text"] for item in client.get("/search/suggest/", {"q": query}).json()["items"]]


def test_kinds_come_first_then_designs_with_their_price(client: Client) -> None:
    tee(upstream_title="Busy Bee Tee")
    tee(upstream_title="Moon Cat Mug", tags=["Mugs"])
    assert suggested(client, "bee") == ["Busy Bee Tee"]
    items = client.get("/search/suggest/", {"q": "mug"}).json()["items"]
    assert [(item["text"], item["note"]) for item in items] == [("Mugs", "1 design"), ("Moon Cat Mug", "$24.99")]
    assert items[0]["url"] == "/products/?type=mugs"


@pytest.mark.parametrize("query", ["", "b", "qqqqqq", "<script>", "%", "\\"])
def test_nothing_is_suggested_for_nothing(client: Client, query: str) -> None:
    tee(upstream_title="Busy Bee Tee")
    assert suggested(client, query) == []


GONE = {"hidden": {"hidden": True}, "gone": {"gone_at": timezone.now()}, "not offered": {"price_from": None}}


@pytest.mark.parametrize("change", GONE.values(), ids=GONE.keys())
def test_what_is_no_longer_for_sale_is_not_suggested_though_the_index_still_has_it(
    client: Client, change: dict[str, object]
) -> None:
    bee = tee(upstream_title="Busy Bee Mug", tags=["Mugs"])
    tee(upstream_title="Moon Cat Tee")
    assert suggested(client, "bee") == ["Busy Bee Mug"]
    index.catch_up()
    Product.objects.filter(pk=bee.pk).update(**change)
    assert Posting.objects.filter(entry=bee.pk, word__text="bee").exists()
    assert (suggestions.suggest("bee"), suggestions.suggest("mug")) == ([], [])
    assert query.find("bees").senses == []
    assert query.find("beee").instead == "", "no spelling is corrected to a word that finds nothing"


def test_the_search_box_names_no_word_that_may_find_nothing(client: Client) -> None:
    for address in ("/", "/search/"):
        assert "bees" not in source(client.get(address))


def test_suggestions_ask_as_often_for_many_products_as_for_few(client: Client) -> None:
    counts = []
    for _turn in range(2):
        for _number in range(4):
            tee(upstream_title="Busy Bee Tee")
        suggested(client, "bee")
        with CaptureQueriesContext(connection) as asked:
            suggested(client, "bee")
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("query", ["ana@example.com", "0708 62718540", "https://spam.example", "www.spam.example"])
def test_what_may_be_personal_is_not_noted(client: Client, query: str) -> None:
    client.get("/search/", {"q": query})
    assert not MissedSearch.objects.exists()


def test_one_address_cannot_fill_the_list(client: Client) -> None:
    for number in range(15):
        client.get("/search/", {"q": f"qqqq{number}"})
    assert MissedSearch.objects.count() == 10


def test_the_rarest_make_room(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "TERMS_MAX", 2)
    for term in ("zzzz", "zzzz", "yyyy", "xxxx"):
        client.get("/search/", {"q": term})
    assert set(MissedSearch.objects.values_list("term", "count")) == {("zzzz", 2), ("xxxx", 1)}


def test_words_that_meet_nowhere_are_offered_one_at_a_time(client: Client) -> None:
    tee(upstream_title="Busy Bee Tee")
    tee(upstream_title="Moon Cat Mug", tags=["Mugs"])
    answer = client.get("/search/", {"q": "bee mug"})
    assert "“bee” (1) “mug” (1)" in text(answer)
    assert 'href="/search/?q=bee"' in source(answer)


def test_what_was_seen_is_shown_in_its_order_and_only_while_it_is_for_sale(client: Client) -> None:
    first, second = tee(upstream_title="First"), tee(upstream_title="Second")
    hidden = tee(upstream_title="Hidden", hidden=True)
    page = source(client.get("/products/seen/", {"ids": f"{second.pk},x,{hidden.pk},{first.pk},{'9' * 40}"}))
    assert page.index("Second") < page.index("First")
    assert "Hidden" not in page
    assert client.get("/products/seen/").content.strip() == b""


def test_the_country_in_the_address_changes_days_and_stays_with_every_choice(client: Client) -> None:
    product = tee()
    at_home = text(client.get(product.get_absolute_url()))
    abroad = client.get(product.get_absolute_url(), {"to": "CA"})
    assert "To United States: order today" in at_home
    assert "To Canada: order today" in text(abroad)
    assert "&amp;to=CA" in source(abroad)
    factories.variant(product)
    assert "To United States" in text(client.get(product.get_absolute_url(), {"to": "XX"}))
