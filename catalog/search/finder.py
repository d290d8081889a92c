"""Search: product types, colours, sizes and theme words in any order, forgiving of a slip of the finger.

A constant number of queries, whatever is asked and however large the catalogue is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add, or_
from typing import Any

from django.db.models import Case, Count, Exists, F, IntegerField, Max, OuterRef, Q, QuerySet, When

from catalog.models import Posting, Product, ShelfEntry, Slip, Word
from catalog.search import tokens

PREFIX_MIN = 3  # letters; the word that is still being typed may be shorter
LAST_MIN = 2
VOCABULARY_MAX = 400
CANDIDATES_MAX = 200


@dataclass(frozen=True)
class Sense:
    """One asked word as the catalogue knows it: the ids of the very word, and of synonyms and words that begin so."""

    text: str
    exact: frozenset[int]
    near: frozenset[int]

    @property
    def ids(self) -> frozenset[int]:
        return self.exact | self.near


@dataclass(frozen=True)
class Found:
    """`matched` are postings grouped by entry, with a `score`; None when nothing sensible was asked or is known.

    `instead` is the spelling that was searched in place of what was typed.
    """

    matched: "QuerySet[Any, Any] | None" = None
    senses: list[Sense] = field(default_factory=list)
    instead: str = ""

    def among(self, entries: "QuerySet[ShelfEntry]") -> "QuerySet[ShelfEntry]":
        """Those of the entries that say every word: word by word, which databases do faster than by the scores."""
        if self.matched is None:
            return entries.none()
        for sense in self.senses:
            entries = entries.filter(pk__in=Posting.objects.filter(word__in=sense.ids).values("entry_id"))
        return entries


def find(query: str) -> Found:
    asked = tokens.asked(query)
    if not asked:
        return Found()
    senses = _senses(asked)
    if all(sense.ids for sense in senses):
        return Found(_matched(senses), senses)
    meant = _corrected(senses)
    if not meant:
        return Found()
    corrected = [sense for sense in _senses(meant) if sense.ids]
    return Found(_matched(corrected), corrected, " ".join(meant)) if corrected else Found()


def _senses(asked: Sequence[str]) -> list[Sense]:
    """One query for all words."""
    others = {word: tokens.alike(word) for word in asked}
    exact = {*asked, *(other for found in others.values() for other in found)}
    beginnings = [word for word in asked if _begins(word, asked)]
    wanted = reduce(or_, (Q(text__startswith=word) for word in beginnings), Q(text__in=exact))
    known = list(_for_sale(Word.objects.filter(wanted)).values_list("text", "pk")[:VOCABULARY_MAX])
    return [_sense(word, others[word], known, prefix=word in beginnings) for word in asked]


def _for_sale(words: "QuerySet[Word]") -> "QuerySet[Word]":
    """Those of the words that find a product for sale now: the index follows the products up to a minute later."""
    products = Product.objects.for_sale().filter(pk=OuterRef("entry_id"))
    return words.filter(Exists(Posting.objects.filter(Exists(products), word=OuterRef("pk"))))


def _begins(word: str, asked: Sequence[str]) -> bool:
    return len(word) >= (LAST_MIN if word == asked[-1] else PREFIX_MIN) and not word.isdigit()


def _sense(word: str, others: Collection[str], known: Sequence[tuple[str, int]], *, prefix: bool) -> Sense:
    exact = frozenset(pk for text, pk in known if text == word)
    near = frozenset(pk for text, pk in known if text in others or (prefix and text.startswith(word)))
    return Sense(word, exact, near - exact)


def _corrected(senses: Sequence[Sense]) -> list[str]:
    """The words that are known, and what was probably meant by the others; what nothing is near to is left out."""
    unknown = [sense.text for sense in senses if not sense.ids]
    keys = {key for word in unknown for key in tokens.slips(word)}
    # From the slips to the words: the other way round each word of the catalogue would be looked at.
    rows = _for_sale(Word.objects.filter(pk__in=Slip.objects.filter(key__in=keys).values("word_id")))
    often = rows.annotate(often=Count("postings")).order_by("-often")
    known = list(often.values_list("text", "often")[:CANDIDATES_MAX])
    meant = [sense.text if sense.ids else tokens.nearest(sense.text, known) for sense in senses]
    return list(dict.fromkeys(word for word in meant if word))


def _matched(senses: Sequence[Sense]) -> "QuerySet[Any, Any]":
    """Every word must be met; a word in the title weighs more than one in the text, the very word more than a like."""
    rows = Posting.objects.filter(word__in=frozenset().union(*(sense.ids for sense in senses))).values("entry_id")
    points = {f"p{place}": _points(sense) for place, sense in enumerate(senses)}
    rows = rows.annotate(**points)
    if len(senses) > 1:
        rows = rows.filter(**{f"{name}__gt": 0 for name in points})
    return rows.annotate(score=reduce(add, map(F, points)))


def _points(sense: Sense) -> Max:
    exactly = When(word__in=sense.exact, then=F("points") * 2)
    nearly = When(word__in=sense.near, then=F("points"))
    cases = [case for case, ids in ((exactly, sense.exact), (nearly, sense.near)) if ids]
    return Max(Case(*cases, default=0, output_field=IntegerField()))


def singles(found: Found) -> list[tuple[str, int]]:
    """Each word alone with the number of its products: the ways on when nothing has them all."""
    if len(found.senses) < 2:  # noqa: PLR2004 (one word alone is the very search that failed)
        return []
    ids = frozenset().union(*(sense.ids for sense in found.senses))
    said = Posting.objects.filter(word__in=ids, entry__in=Product.objects.for_sale().values("pk"))
    each = {f"n{place}": _products(sense) for place, sense in enumerate(found.senses)}
    counts = said.aggregate(**each)
    return [(sense.text, n) for place, sense in enumerate(found.senses) if (n := counts[f"n{place}"])]


def _products(sense: Sense) -> Count:
    return Count("entry", filter=Q(word__in=sense.ids), distinct=True)
