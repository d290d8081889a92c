"""A product as the search index holds it: the words it is found by and the values it is filtered by. Reads only."""

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.html import strip_tags
from django.utils.translation import override

from catalog import colour_families, product_kinds
from catalog.colour_families import clean_hexes, family_of
from catalog.models import Product
from catalog.search.synonyms import EMPTY
from catalog.search.tokens import words

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
    kind = product_kinds.kind_of(product.tags)
    labels = [*product.tags, *places]
    choices = [*sizes, *(str(value["title"]) for value in shades)]
    choices += [name for slug in families for name in _names(colour_families.BY_SLUG[slug].name)]
    return Document(
        kind=kind.slug,
        families=joined(families),
        sizes=joined(sizes),
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
            if word not in EMPTY:
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


BAR = "|"


def joined(values: Iterable[str]) -> str:
    """So that one value can be looked for between its bars."""
    kept = [value.replace(BAR, "/") for value in values if value]
    return f"{BAR}{BAR.join(kept)}{BAR}" if kept else ""


def split(text: str) -> list[str]:
    return text.strip(BAR).split(BAR) if text else []
