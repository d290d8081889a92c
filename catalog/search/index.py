"""The search index: a product's entry is written when the product changes; `catch_up` writes what was missed.

`put` may be called by whoever changes products, `put_later` inside their transaction. Neither is needed for truth:
`catch_up` runs every minute, and a page shows only what `Product.objects.for_sale()` has.
"""

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.html import strip_tags
from django.utils.translation import override

from catalog import color_groups, product_types
from catalog.color_groups import clean_hexes, family_of
from catalog.models import Artwork, Posting, Product, ShelfEntry, Slip, Variant, Word
from catalog.search import terms
from catalog.search.facets import join_values
from catalog.search.terms import STOP_WORDS, words

log = logging.getLogger(__name__)

BATCH = 100
SQL_BATCH = 500


def put_later(pk: int) -> None:
    """After the caller's transaction, and never to its harm."""
    transaction.on_commit(partial(put, [pk]), robust=True)


def put(pks: Collection[int]) -> int:
    """Bring these products' entries in line with the products. Returns how many entries were written or removed."""
    products = {row.pk: row for row in Product.objects.for_sale().filter(pk__in=pks).defer("safety_information")}
    gone, _each = ShelfEntry.objects.filter(pk__in=set(pks) - set(products)).delete()
    known = dict(ShelfEntry.objects.filter(pk__in=products).values_list("pk", "digest"))
    fresh = {pk: made for pk, made in _documents(products.values()).items() if made.digest != known.get(pk)}
    with transaction.atomic():
        _write(fresh, products)
        for pk in products.keys() - fresh.keys():
            ShelfEntry.objects.filter(pk=pk).update(synced_at=products[pk].synced_at)
    return len(fresh) + gone


TITLE, KIND, SAID, CHOICE, TEXT = 16, 8, 6, 6, 2
TEXT_MAX, WORDS_MAX = 1200, 160  # characters, words
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
ARTWORK_MAX = 64


@dataclass(frozen=True)
class Document:
    """`words` pairs each with its points. `families` and `sizes` are those of what can be bought."""

    kind: str
    families: str
    sizes: str
    price: int
    in_stock: bool
    featured: bool
    position: int
    newest: datetime
    words: dict[str, int]
    artworks: list[str]

    @property
    def digest(self) -> str:
        written = json.dumps(asdict(self), sort_keys=True, default=str, ensure_ascii=False)
        return hashlib.sha256(written.encode()).hexdigest()


def document(product: Product, option_ids: Collection[int], places: Iterable[str]) -> Document:
    """`option_ids` are those of what can be bought, or of what is offered while all is sold out."""
    shades = list(chosen_values(product.options, "color", option_ids))
    sizes = [str(value["title"]) for value in chosen_values(product.options, "size", option_ids)]
    families = sorted({family_of(one) for value in shades for one in clean_hexes(value.get("colors") or [])[:1]})
    kind = product_types.kind_of(product.tags)
    labels = [*product.tags, *places]
    choices = [*sizes, *(str(value["title"]) for value in shades)]
    choices += [name for slug in families for name in _names(color_groups.BY_SLUG[slug].name)]
    return Document(
        kind=kind.slug,
        families=join_values(families),
        sizes=join_values(sizes),
        price=product.price_from or 0,
        in_stock=product.in_stock,
        featured=product.featured,
        position=product.position,
        newest=product.created_upstream or LONG_AGO,
        words=_words(product, _names(kind.name), labels, choices),
        artworks=[str(artwork)[:ARTWORK_MAX] for artwork in product.artwork_ids],
    )


def _words(product: Product, kind: Iterable[str], said: Iterable[str], choices: Iterable[str]) -> dict[str, int]:
    """The weightiest mention counts; what is said first is kept where there are too many."""
    found: dict[str, int] = {}
    text = strip_tags(product.description.replace("<", " <"))[:TEXT_MAX]
    parts = ((product.title, TITLE), (" ".join(kind), KIND), (" ".join(said), SAID), (" ".join(choices), CHOICE))
    for part, points in (*parts, (text, TEXT)):
        for word in words(part):
            if word not in STOP_WORDS:
                found.setdefault(word, points)
    return dict(list(found.items())[:WORDS_MAX])


@cache
def _names(name: str | Promise) -> tuple[str, ...]:
    """In every language of the shop: whoever reads Spanish searches in Spanish."""
    found = []
    for code, _language in settings.LANGUAGES:
        with override(code):
            found.append(str(name))
    return tuple(dict.fromkeys(found))


def chosen_values(
    options: Iterable[dict[str, Any]], kind: str, option_ids: Collection[int]
) -> Iterable[dict[str, Any]]:
    """The values of the axes of that type which are among `option_ids`."""
    for axis in options:
        if axis.get("type") == kind:
            yield from (value for value in axis["values"] if value["id"] in option_ids)


def _documents(products: Collection[Product]) -> dict[int, Document]:
    offered: dict[int, set[int]] = defaultdict(set)
    sellable: dict[int, set[int]] = defaultdict(set)
    pks = [product.pk for product in products]
    rows = Variant.objects.offered().filter(product__in=pks).values_list("product_id", "option_ids", "is_available")
    for product_id, option_ids, available in rows:
        offered[product_id].update(option_ids)
        if available:
            sellable[product_id].update(option_ids)
    places: dict[int, list[str]] = defaultdict(list)
    through = Product.categories.through.objects.filter(product_id__in=pks)
    for product_id, name in through.order_by("category_id").values_list("product_id", "category__name"):
        places[product_id].append(name)
    return {
        product.pk: document(product, sellable[product.pk] or offered[product.pk], places[product.pk])
        for product in products
    }


def _write(documents: dict[int, Document], products: dict[int, Product]) -> None:
    if not documents:
        return
    ids = _word_ids({word for each in documents.values() for word in each.words})
    columns = ("kind", "families", "sizes", "price", "in_stock", "featured", "position", "newest", "digest")
    rows = [
        ShelfEntry(product_id=pk, synced_at=products[pk].synced_at, **{name: getattr(each, name) for name in columns})
        for pk, each in documents.items()
    ]
    ShelfEntry.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["product"], update_fields=[*columns, "synced_at"]
    )
    Posting.objects.filter(entry__in=documents).delete()
    Artwork.objects.filter(entry__in=documents).delete()
    Posting.objects.bulk_create(
        (
            Posting(word_id=ids[word], entry_id=pk, points=points)
            for pk, each in documents.items()
            for word, points in each.words.items()
        ),
        batch_size=SQL_BATCH,
    )
    Artwork.objects.bulk_create(
        Artwork(entry_id=pk, artwork_id=artwork) for pk, each in documents.items() for artwork in each.artworks
    )


def _word_ids(texts: Collection[str]) -> dict[str, int]:
    """In one order always, so that two writers wait for rather than block one another."""
    known = dict(Word.objects.filter(text__in=texts).values_list("text", "pk"))
    missing = sorted(set(texts) - set(known))
    if missing:
        Word.objects.bulk_create((Word(text=text) for text in missing), ignore_conflicts=True, batch_size=SQL_BATCH)
        made = dict(Word.objects.filter(text__in=missing).values_list("text", "pk"))
        _write_slips(made)
        known |= made
    return known


def _write_slips(made: dict[str, int]) -> None:
    Slip.objects.bulk_create(
        (
            Slip(key=key, word_id=pk)
            for text, pk in made.items()
            if terms.max_edits(text)
            for key in terms.deletes(text)
        ),
        batch_size=SQL_BATCH,
    )


def catch_up() -> int:
    """Write whatever entries are missing or older than their products, remove those of what is not for sale."""
    for_sale = Product.objects.for_sale()
    behind = for_sale.filter(Q(entry__isnull=True) | Q(synced_at__gt=F("entry__synced_at"))).values_list(
        "pk", flat=True
    )
    extra = ShelfEntry.objects.exclude(pk__in=for_sale.values("pk")).values_list("pk", flat=True)
    pks = [*behind, *extra]
    for start in range(0, len(pks), BATCH):
        put(pks[start : start + BATCH])
    return len(pks)


def rewrite() -> int:
    """Delete the index and build it anew: after a change of the shop's languages or of how words are read.

    Returns how many products it holds. Lists and search are incomplete while it runs.
    """
    for rows in (Slip.objects, Posting.objects, Artwork.objects, ShelfEntry.objects, Word.objects):
        rows.all().delete()
    return catch_up()


def forget_words() -> int:
    """Words that no product says any more suggest nothing, and take room."""
    orphans = Word.objects.filter(postings__isnull=True)
    return orphans.delete()[0]
