"""Front page, lists and search as they come out."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import DjangoAssertNumQueries

from catalog.images import urls
from catalog.models import MissedSearch, Product
from tests import factories
from tests.catalog.goods import BLACK, SMALL, WHITE, picture, tee
from tests.pages import source, text

pytestmark = pytest.mark.django_db

PATHS = (
    "/",
    "/products/",
    "/products/?color=white&sort=price",
    "/categories/gifts/",
    "/search/?q=tee",
    "/search/?q=teee",
    "/search/?q=xylophone",
    "/search/?q=tee+hoodie",
    "/products/seen/?ids=1,2,3,4,5,6,7,8",
    "/cart/",
    "/pages/size-guide/",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_list_asks_as_often_for_24_products_as_for_3(
    client: Client, path: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(3):
        tee()
    asked = queries(client, path)
    for _number in range(21):
        tee()
    queries(client, path)  # the facets of the new products are read once
    with django_assert_max_num_queries(asked):
        assert client.get(path).status_code == 200


def queries(client: Client, path: str) -> int:
    """How many a second visit takes."""
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        client.get(path)
    return len(seen)


@pytest.mark.parametrize("path", ["/", "/products/", "/search/?q=tee", "/search/suggest/?q=tee", "/cart/"])
def test_no_list_reads_the_texts_of_its_products(client: Client, path: str) -> None:
    tee()
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        client.get(path)
    read = " ".join(each["sql"] for each in seen)
    assert '"upstream_title"' in read
    assert '"upstream_description"' not in read


def test_the_front_page_shows_the_first_of_each_kind_and_how_many_there_are(client: Client) -> None:
    for place in (3, 2, 1):
        tee(upstream_title=f"Tee {place}", position=place, tags=["T-shirts"])
    tee(upstream_title="Sold out", position=0, tags=["T-shirts"], in_stock=False)
    tee(upstream_title="Mug", tags=["Mugs"])
    kinds = {str(tile.kind.slug): (tile.count, tile.picture.src) for tile in client.get("/").context["kinds"]}
    first = Product.objects.get(upstream_title="Tee 1").images.all()[0]
    assert {slug: count for slug, (count, _src) in kinds.items()} == {"t-shirts": 4, "mugs": 1}
    assert kinds["t-shirts"][1] == urls.picture(first).src
    assert [card.product.title for card in client.get("/").context["newest"]][-1:] != ["Sold out"]


FIRST_SCREEN = 3


@pytest.mark.parametrize("path", ["/", "/products/", "/search/?q=tee", "/cart/"])
def test_every_picture_has_its_room_and_only_the_first_ones_do_not_wait(client: Client, path: str) -> None:
    for _number in range(8):
        product = tee()
        picture(product, [row.variant_id for row in product.variants.all()], f"more-{product.pk}", 9)
    found = re.findall(r"<img[^>]*>", source(client.get(path)))
    assert found
    for each in found:
        assert re.search(r'width="\d+" height="\d+" alt="', each), each
    assert sum("loading=" not in each for each in found) <= FIRST_SCREEN


@pytest.mark.parametrize("path", ["/", "/products/", "/search/?q=tee", "/pages/terms/"])
def test_an_unchanged_page_is_not_sent_twice_and_kept_by_nobody_else(client: Client, path: str) -> None:
    tee()
    first = client.get(path)
    assert first["Cache-Control"] == "private, no-cache"
    again = client.get(path, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_card_tells_title_price_colors_and_what_is_sold_out(client: Client) -> None:
    tee(upstream_title="Busy Bee Tee", price_from=2299, price_to=2599)
    tee(upstream_title="Gone Tee", in_stock=False)
    page = text(client.get("/products/"))
    assert "2 designs" in page
    assert "Busy Bee Tee From $22.99" in page
    assert "Sold out Gone Tee $24.99" in page
    assert "White" in page


def test_a_list_of_one_color_shows_its_products_in_that_color(client: Client) -> None:
    product = tee()
    body = source(client.get("/products/?color=black"))
    assert f"{product.pk}-{BLACK}-1200.webp" in body
    assert f"{product.pk}-{WHITE}-1200.webp" not in body
    assert f'href="{product.get_absolute_url()}?color={BLACK}"' in body


def test_filters_that_fit_nothing_say_so_and_offer_the_way_back(client: Client) -> None:
    tee()
    made = factories.product(tags=["Mugs"])
    factories.variant(made, option_ids=[WHITE, SMALL])
    answer = client.get("/products/?type=mugs&color=black")
    assert "No design fits all of these filters together." in text(answer)
    assert "noindex" in source(answer)


def test_an_empty_shop_is_explained(client: Client) -> None:
    assert "The shelves are being filled" in text(client.get("/"))
    assert "There is nothing here at the moment" in text(client.get("/products/"))


def test_the_front_page_shows_every_kind_of_product(client: Client) -> None:
    for tag in ("T-shirts", "Mugs", "Posters", "Something New"):
        tee(tags=[tag])
    page = text(client.get("/"))
    assert "T-shirts 1 design Mugs 1 design Wall art 1 design More good things 1 design" in page


def test_a_search_without_result_leads_on_and_is_noted_for_staff(client: Client) -> None:
    tee(upstream_title="Busy Bee Tee")
    for typed in ("xylophone<b>", "Xylophone<b> "):
        answer = client.get("/search/", {"q": typed})
    assert "Nothing found for “Xylophone<b>”" in text(answer)
    assert "<b>" not in source(answer)
    assert "Busy Bee Tee" in text(answer)
    assert list(MissedSearch.objects.values_list("term", "count")) == [("xylophone<b>", 2)]


def test_a_search_keeps_what_was_typed_and_names_the_spelling_it_used(client: Client) -> None:
    tee(upstream_title="Moon Cat Tee")
    answer = client.get("/search/", {"q": "mooon"})
    assert "We found nothing for “mooon”, so this is what we have for “moon”." in text(answer)
    assert 'value="mooon"' in source(answer)
