"""A product as a card: one design with all its colours."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catalog.colours import clean_hexes
from catalog.facets import chosen_values
from catalog.models import Product, ProductImage, Variant
from catalog.pictures import Picture, lead, picture

SWATCHES_MAX = 5


@dataclass(frozen=True)
class Swatch:
    """`hexes` is one colour, or two for a heather."""

    name: str
    hexes: tuple[str, ...]
    url: str


@dataclass(frozen=True)
class Card:
    product: Product
    picture: Picture
    second: Picture | None
    swatches: list[Swatch]

    @property
    def more(self) -> int:
        return max(0, len(self.swatches) - SWATCHES_MAX)

    @property
    def first_swatches(self) -> list[Swatch]:
        return self.swatches[:SWATCHES_MAX]

    @property
    def from_price(self) -> bool:
        return self.product.price_from != self.product.price_to


def cards(products: Iterable[Product]) -> list[Card]:
    """Two queries, however many products."""
    rows = list(products)
    pks = [row.pk for row in rows]
    images: dict[int, list[ProductImage]] = defaultdict(list)
    for image in ProductImage.objects.filter(product__in=pks).defer("variant_ids", "source_url"):
        images[image.product_id].append(image)
    offered: dict[int, set[int]] = defaultdict(set)
    for product_id, option_ids in (
        Variant.objects.offered().filter(product__in=pks).values_list("product", "option_ids")
    ):
        offered[product_id].update(option_ids)
    return [_card(row, images[row.pk], offered[row.pk]) for row in rows]


def _card(product: Product, images: Sequence[ProductImage], option_ids: set[int]) -> Card:
    first = lead(images)
    other = next((image for image in images if image.files and first and image.label != first.label), None)
    second = picture(other) if other else None
    return Card(product, picture(first, product.title), second, swatches(product, option_ids))


def swatches(product: Product, option_ids: set[int]) -> list[Swatch]:
    """The offered colours; a product of one colour has nothing to choose from."""
    found = [
        Swatch(str(value["title"]), hexes[:2], f"{product.get_absolute_url()}?color={value['id']}")
        for value in chosen_values(product.options, "color", option_ids)
        if (hexes := clean_hexes(value.get("colors") or []))
    ]
    return found if len(found) > 1 else []
