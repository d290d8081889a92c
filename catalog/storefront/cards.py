"""A product as a card: one design with all its colours."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from catalog.color_groups import clean_hexes, family_of
from catalog.images.urls import Picture, lead, other_side, picture
from catalog.models import Product, ProductImage, Variant
from catalog.search.index import chosen_values

SWATCHES_MAX = 5

Offered = dict[int, list[int]]  # variant id → option ids


@dataclass(frozen=True)
class Swatch:
    """`hexes` is one colour, or two for a heather."""

    id: int
    name: str
    hexes: tuple[str, ...]
    url: str


@dataclass(frozen=True)
class Card:
    """`url` leads to the colour that the picture shows, where one was asked for. `second` is another look at it."""

    product: Product
    url: str
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


def cards(products: Iterable[Product], families: Collection[str] = ()) -> list[Card]:
    """Two queries, however many products. With colour families each is shown in one of them, if it comes in any."""
    rows = list(products)
    pks = [row.pk for row in rows]
    images: dict[int, list[ProductImage]] = defaultdict(list)
    usable = ProductImage.objects.filter(product__in=pks, hidden=False, repeats=False).exclude(files={})
    for image in usable.defer("source_url", "fingerprint", "digest", "error"):
        images[image.product_id].append(image)
    offered: dict[int, Offered] = defaultdict(dict)
    found = Variant.objects.offered().filter(product__in=pks).values_list("product", "variant_id", "option_ids")
    for product_id, variant_id, option_ids in found:
        offered[product_id][variant_id] = option_ids
    return [_card(row, images[row.pk], offered[row.pk], families) for row in rows]


def _card(product: Product, images: Sequence[ProductImage], offered: Offered, families: Collection[str]) -> Card:
    colours = swatches(product, {option for option_ids in offered.values() for option in option_ids})
    wanted = next((swatch for swatch in colours if swatch.hexes and family_of(swatch.hexes[0]) in families), None)
    shown = list(images)
    if wanted:
        ids = {variant_id for variant_id, option_ids in offered.items() if wanted.id in option_ids}
        shown = [image for image in images if not ids.isdisjoint(image.variant_ids)] or shown
    url = wanted.url if wanted else product.get_absolute_url()
    first = lead(shown)
    other = other_side(shown, first) if product.in_stock else None
    second = picture(other) if other else None
    return Card(product, url, picture(first, product.title), second, colours if len(colours) > 1 else [])


def swatches(product: Product, option_ids: set[int]) -> list[Swatch]:
    return [
        Swatch(int(value["id"]), str(value["title"]), hexes[:2], f"{product.get_absolute_url()}?color={value['id']}")
        for value in chosen_values(product.options, "color", option_ids)
        if (hexes := clean_hexes(value.get("colors") or []))
    ]
