"""Everything a product page shows, put together in a constant number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from catalog import product_facts, shipping
from catalog.availability import last_checked
from catalog.delivery_estimates import Window, estimates
from catalog.images.urls import Picture, for_variants, lead, picture, words
from catalog.models import Artwork, Product, ProductImage
from catalog.storefront import size_tables
from catalog.storefront.cards import Card, cards
from catalog.storefront.descriptions import described
from catalog.storefront.selection import Selection, select
from catalog.storefront.seo import product_data
from catalog.storefront.size_tables import in_both
from ilytat.pages.countries import country_name

SAME_DESIGN_MAX = 8
ALTERNATIVES_MAX = 4


def page(product: Product, query: Mapping[str, str]) -> dict[str, Any]:
    offered = list(product.variants.offered())
    ways = delivery(product, query)
    selection = select(product, offered, query, carried=ways.carried)
    pictures = gallery(product, selection, list(product.images.all()))
    guide, safety = product_facts.of_product(product)
    description = described(product.description, guide)
    ours = size_tables.of_product(product)
    return {
        "product": product,
        "selection": selection,
        "gallery": pictures,
        "description": description,
        "safety": safety,
        "measures": [ours] if ours else [],
        "sizes": in_both(description.table),
        "same_design": same_design(product),
        "delivery": ways,
        "quantity_max": settings.QUANTITY_MAX,
        "last_checked": last_checked(product),
        "sold_out": [each for each in offered if not each.is_available],
        "structured": product_data(product, offered, pictures),
    }


def gallery(product: Product, selection: Selection, images: Sequence[ProductImage]) -> list[Picture]:
    """The pictures of what is chosen; if none shows exactly that, those of its colour."""
    colour = selection.colour.name if selection.colour else ""
    wanted = [{each.variant_id for each in group} for group in (selection.candidates, selection.siblings)]
    return [picture(image, words(product.title, colour, image.label)) for image in for_variants(images, wanted)]


def in_colour(product: Product, option: str) -> Picture | None:
    """The first picture of that colour, by its option's id; None where nothing is offered in it. Two queries."""
    offered = product.variants.offered().values_list("variant_id", "option_ids")
    ids = {variant_id for variant_id, option_ids in offered if option in map(str, option_ids)}
    images = [image for image in product.images.all() if not ids.isdisjoint(image.variant_ids)]
    return picture(lead(images)) if images else None


def same_design(product: Product) -> list[Card]:
    """Other products with the same artwork on them."""
    same = Artwork.objects.filter(artwork_id__in=product.artwork_ids).values("entry_id")
    rows = Product.objects.for_cards().filter(pk__in=same).exclude(pk=product.pk)
    return cards(rows.in_order()[:SAME_DESIGN_MAX])


def alternatives(product: Product) -> list[Card]:
    """For a product that is no longer made: the same design, else the shop's picks."""
    return same_design(product) or cards(Product.objects.for_cards().in_order()[:ALTERNATIVES_MAX])


COUNTRY = "to"


@dataclass(frozen=True)
class Delivery:
    """If ordered today, the usual way. `cost` is minor units, None while Printify has not said it; `making` is the
    working days its printer needs.
    """

    country: str
    name: str
    making: tuple[int, int]
    window: Window
    cost: int | None
    countries: list[tuple[str, str]]
    carried: str = ""

    @property
    def first(self) -> str:
        return self.window.first.isoformat()

    @property
    def last(self) -> str:
        return self.window.last.isoformat()


def delivery(product: Product, query: Mapping[str, str]) -> Delivery:
    """To the country that the address names, else to the first the shop ships to. Two queries."""
    known = settings.SHIP_TO_COUNTRIES
    asked = query.get(COUNTRY, "")
    country = asked if asked in known else known[0]
    days, cost = shipping.profile(product, country)
    names = [(code, country_name(code)) for code in known]
    carried = f"&{COUNTRY}={country}" if country != known[0] else ""
    window = estimates([product], country, days).window("standard")
    return Delivery(country, dict(names)[country], days, window, cost, names, carried)
