"""Lists: filters, their counts, order, pages."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.utils import timezone

from catalog import sales
from catalog.models import Product, ShelfEntry
from catalog.search import index, query, suggestions
from orders.models import OrderLine
from tests import factories

pytestmark = pytest.mark.django_db

WHITE, BLACK, SMALL, MEDIUM = 521, 418, 14, 15


def shown(text: str = "", *, searched: bool = False) -> query.Listing:
    index.catch_up()
    return query.listing(QueryDict(text), query.Scope(found=query.find("mug") if searched else None))


def titles(listing: query.Listing) -> list[str]:
    return [product.title for product in listing.page.object_list]


def group(listing: query.Listing, key: str) -> dict[str, int]:
    return {value.slug: value.count for one in listing.groups if one.key == key for value in one.values}


def thing(title: str, tag: str, *choices: tuple[int, int], price: int = 2499, **given: Any) -> Product:
    """A product on sale, with an available variant for each (colour, size)."""
    made = factories.product(upstream_title=title, tags=[tag], price_from=price, price_to=price, **given)
    for pair in choices or [(WHITE, SMALL)]:
        factories.variant(made, option_ids=list(pair), price=price)
    return made


def test_values_of_one_group_are_alternatives_and_groups_narrow_each_other() -> None:
    thing("White tee", "T-shirts", (WHITE, SMALL))
    thing("Black tee", "T-shirts", (BLACK, MEDIUM))
    thing("Black mug", "Mugs", (BLACK, SMALL))
    assert sorted(titles(shown("type=t-shirts&type=mugs&color=black"))) == ["Black mug", "Black tee"]
    assert titles(shown("type=t-shirts&color=black&size=M")) == ["Black tee"]


def test_a_count_says_what_ticking_would_show_beside_the_other_filters() -> None:
    thing("White tee", "T-shirts", (WHITE, SMALL))
    thing("Black tee", "T-shirts", (BLACK, MEDIUM))
    thing("Black mug", "Mugs", (BLACK, SMALL))
    listing = shown("type=t-shirts")
    assert group(listing, "color") == {"white": 1, "black": 1}
    assert group(listing, "type") == {"t-shirts": 2, "mugs": 1}


def test_values_that_only_another_release_knows_are_not_offered() -> None:
    """An entry of the index is written by the release that reads the product, and outlives it."""
    made = thing("White tee", "T-shirts", (WHITE, SMALL))
    thing("Black tee", "T-shirts", (BLACK, MEDIUM))
    index.catch_up()
    ShelfEntry.objects.filter(product=made).update(families="|teal|white|", kind="kites")

    listing = query.listing(QueryDict("color=teal&type=kites"), query.Scope())

    assert sorted(titles(listing)) == ["Black tee", "White tee"]
    assert group(listing, "color") == {"white": 1, "black": 1}
    assert "kites" not in group(listing, "type")
    assert [item["text"] for item in suggestions.suggest("white")] == ["White tee"]


def test_a_value_that_would_show_nothing_is_not_offered() -> None:
    thing("White tee", "T-shirts", (WHITE, SMALL))
    thing("Black mug", "Mugs", (BLACK, MEDIUM))
    assert group(shown("type=mugs"), "color") == {}
    assert "white" not in group(shown("type=mugs&color=black"), "color")


def test_a_color_that_is_sold_out_is_not_counted_while_others_can_be_bought() -> None:
    tee = thing("Tee", "T-shirts", (WHITE, SMALL))
    factories.variant(tee, option_ids=[BLACK, SMALL], is_available=False)
    thing("Mug", "Mugs", (BLACK, SMALL))
    assert group(shown(), "color") == {"white": 1, "black": 1}


def test_each_chip_leads_to_the_list_without_it_and_from_its_first_page() -> None:
    thing("White tee", "T-shirts", (WHITE, SMALL))
    thing("Black mug", "Mugs", (BLACK, SMALL))
    listing = shown("type=t-shirts&color=white&color=black&sort=price&page=2")
    assert [(chip.name, chip.url) for chip in listing.chips] == [
        ("T-shirts", "?color=white&color=black&sort=price"),
        ("White & cream", "?type=t-shirts&color=black&sort=price"),
        ("Black", "?type=t-shirts&color=white&sort=price"),
    ]
    assert listing.clear_url == "?sort=price"


@pytest.mark.parametrize(
    "text", ["color=mauve", "size=%00", "price=under-x", "type=", "page=-1", "page=x", "sort=1;drop"]
)
def test_an_address_someone_made_up_shows_the_whole_list(text: str) -> None:
    thing("Tee", "T-shirts")
    assert titles(shown(text)) == ["Tee"]


def test_prices_fall_into_steps() -> None:
    thing("Sticker", "Stickers", price=499)
    thing("Mug", "Mugs", price=1500)
    thing("Hoodie", "Hoodies", price=4688)
    assert group(shown(), "price") == {"under-15": 1, "under-30": 1, "over-45": 1}
    assert titles(shown("price=under-30")) == ["Mug"]


def test_lists_can_be_ordered_by_price_newness_and_what_is_bought_most() -> None:
    now = timezone.now()
    thing("Old", "Mugs", price=900, created_upstream=now - timedelta(days=9))
    new = thing("New", "Mugs", price=1900, created_upstream=now)
    loved = thing("Loved", "Mugs", price=1400, created_upstream=now - timedelta(days=5))
    factories.paid_order(loved.variants.get())
    factories.order(new.variants.get())  # never paid: not a sale
    assert OrderLine.objects.count() == 2
    assert titles(shown("sort=price")) == ["Old", "Loved", "New"]
    assert titles(shown("sort=-price")) == ["New", "Loved", "Old"]
    assert titles(shown("sort=newest")) == ["New", "Loved", "Old"]
    sales.count()
    assert titles(shown("sort=best"))[0] == "Loved"


def test_a_page_holds_24_and_the_last_one_the_rest() -> None:
    for number in range(26):
        thing(f"Mug {number}", "Mugs")
    assert len(titles(shown())) == 24
    assert len(titles(shown("page=2"))) == 2
    assert len(titles(shown("page=99"))) == 2


def test_what_staff_hid_a_moment_ago_is_not_shown_although_it_is_remembered() -> None:
    hidden = thing("Secret", "Mugs")
    thing("Mug", "Mugs")
    index.catch_up()
    Product.objects.filter(pk=hidden.pk).update(hidden=True)
    for scope in (query.Scope(), query.Scope(found=query.find("mug"))):
        assert titles(query.listing(QueryDict(), scope)) == ["Mug"]


def test_phone_models_are_offered_as_sizes_only_among_phones() -> None:
    phones = [{"name": "Phone Models", "type": "size", "values": [{"id": 70, "title": "iPhone 15"}]}]
    thing("Tee", "T-shirts", (WHITE, SMALL), (WHITE, MEDIUM))
    case = factories.product(upstream_title="Case", tags=["Phone Cases"], options=phones)
    factories.variant(case, option_ids=[70])
    assert group(shown(), "size") == {"S": 1, "M": 1}
    assert group(shown("type=phone-cases&size=iPhone+15"), "size") == {"iPhone 15": 1}
