"""Names and streets in Latin letters: what a carrier's label can show.

Printify documents no character set for addresses (contract, section 8), and its printers and carriers write labels in
Latin letters. Those of any language pass as they are: é, ł, ñ.
"""

import re
import unicodedata

from anyascii import anyascii

# How Unicode's names begin. The last two are letters of Hawaiian, as in the street Kapi'olani.
LATIN = (
    "LATIN ", "COMBINING ", "FEMININE ORDINAL", "MASCULINE ORDINAL",
    "MODIFIER LETTER TURNED COMMA", "MODIFIER LETTER APOSTROPHE",
)  # fmt: skip
SPELLED = {"L", "M", "Nd", "Nl"}  # Unicode's categories: letters, their marks, digits; signs stay as they are


def in_latin(text: str) -> str:
    """Return the text with letters and digits of other scripts in their usual Latin spelling."""
    return re.sub(r"\S+", _latin_word, unicodedata.normalize("NFC", text))


def _latin_word(match: re.Match[str]) -> str:
    """Each word that changes begins with a capital, as a name does: many scripts have none."""
    word = match[0]
    if all(map(_stays, word)):
        return word
    spelled = "".join(letter if _stays(letter) else anyascii(letter) for letter in word).replace("`", "")
    return spelled[:1].upper() + spelled[1:]


def _stays(letter: str) -> bool:
    category = unicodedata.category(letter)
    is_spelled = category in SPELLED or category[0] in SPELLED
    return letter.isascii() or not is_spelled or unicodedata.name(letter, "").startswith(LATIN)
