"""Staff's own values on a product: written beside Printify's, and told apart when Printify moves on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise

from catalog.images import encode
from catalog.images.fetch import BYTES_MAX
from catalog.images.urls import NO_PLACE
from catalog.models import PrintifyCache, Product, ProductImage
from catalog.models.curation import OldSlug
from catalog.printify.fields import Unreadable
from catalog.printify.products import ProductFacts, read_product
from catalog.sync import changes, decisions
from catalog.sync.changes import FIELDS


@dataclass(frozen=True)
class Override:
    """What staff keep, what Printify said then and says now. `moved`: the two differ."""

    field: str
    label: str | Promise
    ours: Any
    then: Any
    now: Any

    @property
    def moved(self) -> bool:
        return bool(self.then != self.now)


def facts(product: Product) -> ProductFacts | None:
    """What Printify last said, None when nothing usable is kept."""
    cache = PrintifyCache.objects.filter(type="product", external_id=product.printify_id).first()
    try:
        return read_product(cache.data) if cache and cache.data else None
    except Unreadable:
        return None


def overrides(product: Product, said: ProductFacts | None) -> list[Override]:
    return [
        Override(
            name,
            FIELDS[name].label,
            _ours(product, name),
            then,
            changes.upstream_value(said, name, then) if said else then,
        )
        for name, then in product.basis.items()
        if name in FIELDS
    ]


def _ours(product: Product, name: str) -> Any:
    column = changes.OVERRIDES.get(name)
    return (getattr(product, column) if column else "") or product.pins.get(name)


def note(product: Product, fields: Iterable[str]) -> None:
    """These were just overridden (or let go of): remember what Printify says of them, so that a change is seen."""
    upstream = facts(product)
    basis = dict(product.basis)
    for name in fields:
        if upstream and _is_ours(product, name):
            basis[name] = changes.upstream_value(upstream, name, _ours(product, name))
        else:
            basis.pop(name, None)
    product.basis = basis
    product.override_moved = bool(upstream and changes.has_moved(product, upstream))
    Product.objects.filter(pk=product.pk).update(basis=basis, override_moved=product.override_moved)


def _is_ours(product: Product, name: str) -> bool:
    return bool(name in product.pins or _ours(product, name) or (name == "images" and _has_chosen(product)))


def _has_chosen(product: Product) -> bool:
    rows = ProductImage.objects.filter(product=product, own=False)
    return rows.filter(hidden=True).exists() or rows.filter(place__lt=NO_PLACE).exists()


def keep(product: Product, field: str) -> None:
    """Staff have looked at what moved, and keep theirs."""
    note(product, [field])


def rename(product: Product, slug: str) -> None:
    """A new address; the old one leads there for ever. Taking an old one back is allowed."""
    with transaction.atomic():
        old = Product.objects.select_for_update().get(pk=product.pk).slug
        OldSlug.objects.filter(slug=slug, product=product).delete()
        if old != slug:
            OldSlug.objects.get_or_create(slug=old, defaults={"product": product})
        Product.objects.filter(pk=product.pk).update(slug=slug, synced_at=timezone.now())


def taken(slug: str, product: Product) -> bool:
    """Another product has or had this address."""
    others = Product.objects.exclude(pk=product.pk).filter(slug=slug)
    return others.exists() or OldSlug.objects.filter(slug=slug).exclude(product=product).exists()


def add_photo(product: Product, upload: File[bytes]) -> ProductImage:
    """Staff's own photo, checked and re-encoded like any mockup, shown first. Raises copies.Unusable."""
    if (upload.size or 0) > BYTES_MAX:
        raise encode.Unusable("the file is larger than 10 MB")
    made = encode.make_copies(upload.read())
    values = {"files": made.files, "width": made.width, "height": made.height, "digest": made.digest}
    found, _made = ProductImage.objects.update_or_create(
        product=product, source_url=f"own:{made.digest}", defaults=values | {"own": True, "place": 0}
    )
    return found


def clear_override(product: Product, field: str) -> None:
    """Printify's value again."""
    if field == "images":
        ProductImage.objects.filter(product=product, own=False).update(hidden=False, place=NO_PLACE)
    if field == "images" and field not in product.pins:
        note(product, [field])
        Product.objects.filter(pk=product.pk).update(synced_at=timezone.now())
    else:
        decisions.clear_override(product, field)
