"""Products as the storefront shows them: with colours, sizes and pictures."""

from typing import Any

from catalog.models import Category, Product, ProductImage
from tests import factories

WHITE, BLACK, SMALL, MEDIUM = 521, 418, 14, 15


def tee(**given: Any) -> Product:
    """In white and black, S and M, with a picture of each colour."""
    made = factories.product(**{"tags": ["T-shirts"], "artwork_ids": ["bee"]} | given)
    made.categories.add(Category.objects.get_or_create(slug="gifts", defaults={"name": "Gifts"})[0])
    for place, colour in enumerate((WHITE, BLACK)):
        pair = [factories.variant(made, option_ids=[colour, size]).variant_id for size in (SMALL, MEDIUM)]
        picture(made, pair, f"{made.pk}-{colour}", place)
    return made


def picture(product: Product, variant_ids: list[int], name: str, place: int = 0) -> ProductImage:
    return ProductImage.objects.create(
        product=product,
        source_url=f"https://images.printify.com/{name}.jpg",
        variant_ids=variant_ids,
        label="front",
        is_default=True,
        position=place,
        files={"400": f"products/{name}-400.webp", "1200": f"products/{name}-1200.webp"},
        width=1200,
        height=1200,
    )
