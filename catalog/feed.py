"""The product feed in the words of Google's product data specification: one item a variant, grouped by product.

Written page by page, so that a large catalogue needs no more memory than a small one.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.template.loader import render_to_string
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from catalog.images.pictures import for_variants, lead, picture
from catalog.models import Product, ProductImage, Variant
from catalog.product_kinds import kind_of
from catalog.search.documents import chosen_values
from catalog.search.facets import is_clothing_size
from catalog.storefront.structured_data import absolute, plain
from ilytat.display import money

PRODUCTS = 100
ID_MAX = 50  # characters, by the specification


@require_safe
@cache_control(max_age=3600)
def google_feed(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(_written(request), content_type="application/xml; charset=utf-8")


def _written(request: HttpRequest) -> Iterator[str]:
    yield render_to_string("catalog/google_feed.xml", {}, request)
    for products in _pages():
        yield render_to_string("catalog/_feed_items.xml", {"items": _items(products)}, request)
    yield "</channel>\n</rss>\n"


def _pages() -> Iterator[list[Product]]:
    last = 0
    while products := list(Product.objects.for_sale().filter(pk__gt=last).order_by("pk")[:PRODUCTS]):
        yield products
        last = products[-1].pk


def _items(products: Sequence[Product]) -> Iterator[dict[str, Any]]:
    variants: dict[int, list[Variant]] = defaultdict(list)
    for variant in Variant.objects.offered().filter(product__in=products).order_by("position", "pk"):
        variants[variant.product_id].append(variant)
    images: dict[int, list[ProductImage]] = defaultdict(list)
    for image in ProductImage.objects.filter(product__in=products):
        images[image.product_id].append(image)
    for product in products:
        for variant in variants[product.pk]:
            shown = lead(for_variants(images[product.pk], [{variant.variant_id}]))
            if shown is not None:  # the specification wants a picture
                yield _item(product, variant, absolute(picture(shown).largest))


def _item(product: Product, variant: Variant, image: str) -> dict[str, Any]:
    colours = [str(value["title"]) for value in chosen_values(product.options, "color", variant.option_ids)]
    sizes = [str(value["title"]) for value in chosen_values(product.options, "size", variant.option_ids)]
    named = " / ".join([*colours, *sizes])
    return {
        "id": f"{product.printify_id}-{variant.variant_id}"[:ID_MAX],
        "group": product.printify_id,
        "title": f"{product.title} ({named})" if named else product.title,
        "text": plain(product.description),
        "link": f"{absolute(product.get_absolute_url())}?variant={variant.variant_id}",
        "image": image,
        "price": f"{money.major(variant.price, settings.SHOP_CURRENCY)} {settings.SHOP_CURRENCY}",
        "in_stock": variant.is_available,
        "color": colours[0] if colours else "",
        "size": sizes[0] if sizes else "",
        "clothing": any(map(is_clothing_size, sizes)),
        "kind": str(kind_of(product.tags).name),
    }
