"""The catalogue as JSON: `GET /api/products` and `GET /api/products/<id>`.

What is shown is what the shop's pages show, for everybody alike: costs, print files and hidden products stay here
whatever the query says. Prices are minor units of `currency`.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal, cast

from django.conf import settings
from django.db.models import Max, Prefetch, Q, prefetch_related_objects
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import quote_etag
from ninja import Query, Router, Schema
from pydantic import BaseModel, Field

from catalog.images.urls import address
from catalog.models import Category, Product, ProductImage, Variant
from catalog.search import query
from catalog.search import query as search_
from catalog.storefront.seo import absolute
from ilytat.integrations.api_errors import ApiError
from ilytat.pages.markup import cleaned

router = Router(tags=["products"])

PER_PAGE = 24
PER_PAGE_MAX = 50
QUERY_MAX = 200
PK_DIGITS = 18
VALUES_MAX = 24
AMOUNT_MAX = 2**31 - 1
CACHE_SECONDS = 60


class ValueOut(BaseModel):
    id: int
    title: str
    colors: list[str]


class OptionOut(BaseModel):
    """`values` are those that some offered variant has."""

    name: str
    type: str
    values: list[ValueOut]


class VariantOut(BaseModel):
    """`option_ids` name one value of each option, in the options' order. `available` is now; ask again to sell."""

    variant_id: int
    sku: str
    title: str
    option_ids: list[int]
    price: int
    available: bool


class ImageOut(BaseModel):
    """`sizes`: {"width": address}. No `variant_ids`: a picture of every variant."""

    url: str
    sizes: dict[str, str]
    variant_ids: list[int]
    label: str
    is_default: bool


class ProductOut(BaseModel):
    """`description` is HTML of a short list of tags without attributes."""

    id: int
    printify_id: str
    slug: str
    url: str
    title: str
    description: str
    tags: list[str]
    categories: list[str]
    currency: str
    price_from: int
    price_to: int
    in_stock: bool
    options: list[OptionOut]
    variants: list[VariantOut]
    images: list[ImageOut]
    updated_at: datetime


class ProductsOut(BaseModel):
    items: list[ProductOut]
    count: int
    page: int
    pages: int
    per_page: int


Sort = Literal["featured", "best", "newest", "price", "-price", "match"]


class Wanted(Schema):
    """What may be asked. Several values of one filter are alternatives, filters narrow each other."""

    page: int = Field(1, ge=1, le=100_000)
    per_page: int = Field(PER_PAGE, ge=1, le=PER_PAGE_MAX)
    category: str = Field("", max_length=QUERY_MAX, description="A category's slug.")
    search: str = Field("", max_length=QUERY_MAX, description="Words in any order; slips of the finger are forgiven.")
    type: list[str] = Field([], max_length=VALUES_MAX, description="Kinds of thing, such as mugs.")
    color: list[str] = Field([], max_length=VALUES_MAX, description="Color families, such as green.")
    size: list[str] = Field([], max_length=VALUES_MAX, description="Sizes as the variants name them.")
    price_min: int | None = Field(None, ge=0, le=AMOUNT_MAX, description="Of the lowest price, in minor units.")
    price_max: int | None = Field(None, ge=0, le=AMOUNT_MAX, description="Of the lowest price, in minor units.")
    in_stock: bool | None = None
    sort: Sort | None = Field(None, description="Without it: featured first, or the best match of a search.")


@router.get("/products", response=ProductsOut, url_name="products", operation_id="listProducts")
def products(request: HttpRequest, wanted: Query[Wanted]) -> HttpResponse:
    """Products for sale, best first."""
    for_sale = Product.objects.for_sale()
    listing = query.listing(_query(wanted), _scope(wanted), per_page=wanted.per_page, products=for_sale)
    pages = listing.page.paginator
    if wanted.page > pages.num_pages:
        raise ApiError(404, "not_found", f"There are only {pages.num_pages} pages.", {"page": "too large"})
    found = ProductsOut(
        items=_products(listing.page.object_list),
        count=pages.count,
        page=wanted.page,
        pages=pages.num_pages,
        per_page=wanted.per_page,
    )
    return _answer(request, found)


@router.get("/products/{product_id}", response=ProductOut, url_name="product", operation_id="getProduct")
def product(request: HttpRequest, product_id: str) -> HttpResponse:
    """One product, by our id or by Printify's. What is not for sale is not there."""
    rows = Product.objects.for_sale()
    ours = product_id.isascii() and product_id.isdecimal() and len(product_id) <= PK_DIGITS
    found = rows.filter(pk=product_id) if ours else rows.filter(printify_id=product_id)
    for one in _products(found):
        return _answer(request, one)
    raise ApiError(404, "not_found", "There is no product by that id.")


def _query(wanted: Wanted) -> QueryDict:
    """As the shop's own pages ask: one code decides what is listed."""
    query = QueryDict(mutable=True)
    for key in ("type", "color", "size"):
        query.setlist(key, getattr(wanted, key))
    if wanted.in_stock:
        query["stock"] = "in"
    query["sort"] = wanted.sort or ""
    query["page"] = str(wanted.page)
    return query


def _scope(wanted: Wanted) -> query.Scope:
    category = None
    if wanted.category:
        category = Category.objects.filter(slug=wanted.category).first()
        if category is None:
            raise ApiError(404, "not_found", "There is no such category.", {"category": "unknown"})
    extra = Q() if wanted.price_min is None else Q(price__gte=wanted.price_min)
    extra &= Q() if wanted.price_max is None else Q(price__lte=wanted.price_max)
    extra &= Q(in_stock=False) if wanted.in_stock is False else Q()
    found = search_.find(wanted.search) if wanted.search.strip() else None
    return query.Scope(category, found, extra)


def _products(found: Iterable[Product]) -> list[ProductOut]:
    """With what belongs to them: three queries, however many there are."""
    rows = list(found)
    offered = Prefetch("variants", queryset=Variant.objects.offered(), to_attr="offered")
    pictured = Prefetch(
        "images", queryset=ProductImage.objects.filter(hidden=False).exclude(files={}), to_attr="pictured"
    )
    prefetch_related_objects(rows, offered, pictured, "categories")
    return [_product(row) for row in rows]


def _product(row: Product) -> ProductOut:
    variants = cast("list[Variant]", row.offered)  # type: ignore[attr-defined] # set by _products' Prefetch
    pictures = cast("list[ProductImage]", row.pictured)  # type: ignore[attr-defined] # likewise
    return ProductOut(
        id=row.pk,
        printify_id=row.printify_id,
        slug=row.slug,
        url=settings.SITE_URL + row.get_absolute_url(),
        title=row.title,
        description=cleaned(row.description),
        tags=row.tags,
        categories=[category.slug for category in row.categories.all()],
        currency=settings.SHOP_CURRENCY,
        price_from=row.price_from or 0,
        price_to=row.price_to or 0,
        in_stock=row.in_stock,
        options=_options(row.options, {key for variant in variants for key in variant.option_ids}),
        variants=[_variant(variant) for variant in variants],
        images=[_image(image) for image in pictures],
        updated_at=row.synced_at,
    )


def _options(axes: list[dict[str, Any]], offered: set[int]) -> list[OptionOut]:
    return [
        OptionOut(
            name=axis["name"],
            type=axis["type"],
            values=[ValueOut(**value) for value in axis["values"] if value["id"] in offered],
        )
        for axis in axes
    ]


def _variant(row: Variant) -> VariantOut:
    return VariantOut(
        variant_id=row.variant_id,
        sku=row.sku,
        title=row.label,
        option_ids=row.option_ids,
        price=row.price,
        available=row.is_available,
    )


def _image(row: ProductImage) -> ImageOut:
    widths = sorted(row.files, key=int)
    sizes = {width: absolute(address(row.files[width])) for width in widths}
    return ImageOut(
        url=sizes[widths[-1]],
        sizes=sizes,
        variant_ids=row.variant_ids,
        label=row.label,
        is_default=row.is_default,
    )


def _answer(request: HttpRequest, found: BaseModel) -> HttpResponse:
    """With a validator of the very bytes, and the moment of the catalogue's last change: 304 when nothing is new."""
    body = found.model_dump_json().encode()
    etag = quote_etag(hashlib.sha256(body).hexdigest())
    changed = Product.objects.aggregate(at=Max("synced_at"))["at"] or datetime.now(UTC)
    response = HttpResponse(body, content_type="application/json")
    patch_cache_control(response, public=True, max_age=CACHE_SECONDS)
    response.headers["ETag"] = etag
    response.headers["Last-Modified"] = changed.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return get_conditional_response(request, etag, int(changed.timestamp()), response) or response
