"""Search: product types, colours, sizes and theme words in any order, forgiving of a slip of the finger."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from catalog.facets import Entry, words

TITLE, OTHER, BEGINNING, NEAR = 8, 4, 2, 1
LIKENESS = 0.78
SHORT = 3
EMPTY = frozenset({"a", "an", "and", "for", "in", "of", "on", "the", "to", "with"})
# What people type for what the printers call otherwise.
ALIKE = {
    "tee": "shirt", "tshirt": "shirt", "jumper": "hoodie", "sweater": "hoodie", "cup": "mug", "cushion": "pillow",
    "bag": "tote", "cap": "hat", "print": "poster", "art": "poster", "journal": "notebook", "decal": "sticker",
    "iphone": "phone", "gray": "grey", "colour": "color",
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """Entries, best first. `instead` is the spelling that was searched when nothing matched what was typed."""

    entries: list[Entry]
    instead: str = ""


def find(query: str, entries: Sequence[Entry]) -> Found:
    asked = sorted(words(query) - EMPTY)
    if not asked:
        return Found([])
    exact = _ranked(asked, entries)
    if exact:
        return Found(exact)
    guessed = [_nearest(word, entries) for word in asked]
    known = [word for word in guessed if word]
    return Found(_ranked(known, entries), " ".join(known)) if known else Found([])


def _ranked(asked: Sequence[str], entries: Sequence[Entry]) -> list[Entry]:
    """Every word must be met somewhere; ties keep the shop's own order."""
    scored = [(sum(points), entry) for entry in entries if all(points := [_points(word, entry) for word in asked])]
    return [entry for _score, entry in sorted(scored, key=lambda pair: -pair[0])]


def _points(word: str, entry: Entry) -> int:
    if word in entry.title:
        return TITLE
    other = ALIKE.get(word, word)
    if other in entry.words or word in entry.other:
        return OTHER
    if len(word) >= SHORT and any(mine.startswith(word) for mine in entry.words):
        return BEGINNING
    return 0


def _nearest(word: str, entries: Sequence[Entry]) -> str:
    """The word of the catalogue (or of our synonyms) that was probably meant, "" when nothing is near."""
    known = {mine for entry in entries for mine in entry.words} | set(ALIKE)
    if word in known or any(mine.startswith(word) for mine in known if len(word) >= SHORT):
        return word
    near = get_close_matches(word, known, n=1, cutoff=LIKENESS)
    return near[0] if near else ""
