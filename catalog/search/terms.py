"""Words as search knows them: what is typed and what the products say, written one way."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

LENGTH_MAX = 32
ASKED_MAX = 8
WORD = re.compile(r"[^\W_]+")
PLURAL_MIN = 4  # letters
ENDINGS = {"a": ("o",), "o": ("a",), "e": ("",)}  # Spanish and French, where a colour follows its thing
SIBILANTS = ("sses", "xes", "ches", "shes", "zzes")
ELIDED = re.compile(r"\b[dl]['’](?=\w)", re.IGNORECASE)  # "d'abeille"
# What is one word however it is written.
JOINED = (
    (re.compile(r"\bt[\s-]*shirts?\b"), "tshirt"),
    (re.compile(r"\b(?:x|extra)[\s-]+large\b"), "xl"),
    (re.compile(r"\b(?:x|extra)[\s-]+small\b"), "xs"),
    (re.compile(r"\bhooded\s+sweat\s?shirts?\b"), "hoodie"),
    (re.compile(r"\bsweat[\s-]+shirts?\b"), "sweatshirt"),
    (re.compile(r"\b(\d+)\s*[-]?\s*(oz|ml|cm|mm)\b"), r"\1\2"),
)


def words(text: str) -> list[str]:
    """Every word once, in order, without accents, plural endings and apostrophes."""
    plain = _plain(ELIDED.sub("", text))
    for pattern, joined in JOINED:
        plain = pattern.sub(joined, plain)
    found = (_stem(word)[:LENGTH_MAX] for word in WORD.findall(plain))
    return list(dict.fromkeys(CANONICAL_FORMS.get(word, word) for word in found))


def query_terms(query: str) -> list[str]:
    """What is to be found, at most eight words; a query of small words only asks for nothing."""
    return [word for word in words(query) if word not in STOP_WORDS][:ASKED_MAX]


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter) and letter not in "'’`")


def _stem(word: str) -> str:
    """So that "mugs" finds "mug". Short words are left alone."""
    if len(word) < PLURAL_MIN or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith(SIBILANTS):
        return word[:-2]
    return word.removesuffix("s")


def alike(word: str) -> set[str]:
    """Other words for it: synonyms, and what it may be another form of ("puppies", "cojines", "roja", "noire")."""
    found = set(SYNONYMS.get(word, ()))
    if word.endswith("ie"):
        found.add(word[:-2] + "y")
    elif word.endswith("y"):
        found.add(word[:-1] + "ie")
    elif len(word) >= PLURAL_MIN and word[-1] in ENDINGS:
        found |= {word[:-1] + ending for ending in ENDINGS[word[-1]]}
    return found


# --- Slips of the finger: symmetric deletes ------------------------------------------------------------

SLIP_MIN, SHORT, LONG, SLIP_MAX = 3, 4, 7, 18  # letters


def max_edits(word: str) -> int:
    """How many letters may be wrong: none in a short word, two in a long one."""
    if not SLIP_MIN <= len(word) <= SLIP_MAX or word.isdigit():
        return 0
    return 2 if len(word) >= LONG else 1


def deletes(word: str) -> set[str]:
    """The word itself, and the word with up to `reach` letters left out."""
    found, last = {word}, {word}
    for _turn in range(max_edits(word)):
        last = {shorter for each in last for shorter in _shorter(each)}
        found |= last
    return found


def _shorter(word: str) -> Iterator[str]:
    return (word[:place] + word[place + 1 :] for place in range(len(word)))


def distance(one: str, other: str) -> int:
    """Letters wrong, missing, too many, or two swapped (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before, row = before, row, [i] + [0] * len(other)
        for j, b in enumerate(other, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], older[j - 2] + 1)
    return row[-1]


def nearest(word: str, known: Iterable[tuple[str, int]]) -> str:
    """Of (word, how often it is said) the one that was probably meant, "" when none is near enough."""
    near = [
        (away, each[0] != word[0], -often, each)
        for each, often in known
        if (away := distance(word, each)) <= max_edits(word) and _keeps_its_head(word, each)
    ]
    return min(near)[-1] if near else ""


def _keeps_its_head(word: str, other: str) -> bool:
    """Of a short word the first letter is seldom the wrong one: "bee" is no "tee"."""
    return len(word) > SHORT or word[0] == other[0]


# Say nothing of a product.
STOP_WORDS = frozenset(
    {
        *("a", "an", "and", "by", "for", "from", "in", "is", "it", "of", "on", "or", "the", "to", "with"),
        *("color", "size", "couleur", "taille", "talla"),
        *("al", "con", "de", "del", "el", "en", "la", "las", "lo", "los", "para", "por", "un", "una", "y"),
        *("au", "aux", "avec", "dans", "des", "du", "et", "le", "les", "pour", "sur", "une"),
    }
)
CANONICAL_FORMS = {
    "gray": "grey",
    "colour": "color",
    "favourite": "favorite",
    "xxl": "2xl",
    "xxxl": "3xl",
    "xxxxl": "4xl",
}
# What people type for what the printers call otherwise: the word itself is looked for as well.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "tee": ("tshirt", "shirt"),
    "shirt": ("tshirt", "tee"),
    "tshirt": ("tee", "shirt"),
    "top": ("tshirt", "tee", "shirt", "tank"),
    "jumper": ("sweatshirt", "hoodie", "sweater"),
    "sweater": ("sweatshirt", "hoodie", "jumper"),
    "pullover": ("sweatshirt", "hoodie"),
    "hoody": ("hoodie",),
    "cup": ("mug", "tumbler"),
    "cushion": ("pillow",),
    "bag": ("tote", "backpack"),
    "tote": ("bag",),
    "cap": ("hat",),
    "beanie": ("hat",),
    "print": ("poster",),
    "picture": ("poster", "canvas"),
    "art": ("poster", "canvas", "print"),
    "canvas": ("poster",),
    "journal": ("notebook",),
    "diary": ("notebook",),
    "decal": ("sticker",),
    "iphone": ("phone",),
    "case": ("phone",),
    "throw": ("blanket",),
    "onesie": ("bodysuit",),
    "small": ("s",),
    "medium": ("m",),
    "large": ("l",),
    "navy": ("blue",),
    "teal": ("green", "blue"),
    "turquoise": ("blue", "green"),
    "burgundy": ("maroon", "red"),
    "maroon": ("burgundy", "red"),
    "beige": ("sand", "cream", "natural"),
    "cream": ("natural", "ivory", "white"),
    "ivory": ("natural", "cream"),
    "charcoal": ("grey", "dark"),
    "lilac": ("lavender", "purple"),
    "violet": ("purple",),
    # Spanish
    "afiche": ("poster",),
    "cartel": ("poster",),
    "cuadro": ("poster", "mural"),
    "lamina": ("poster", "mural"),
    "almohada": ("cojine", "pillow"),
    "bolsa": ("bolso", "tote"),
    "bolso": ("bolsa",),
    "mochila": ("bolso", "backpack"),
    "buzo": ("sudadera",),
    "calcomania": ("pegatina", "sticker"),
    "adhesivo": ("pegatina", "sticker"),
    "carcasa": ("funda",),
    "celular": ("telefono", "phone"),
    "movil": ("telefono", "phone"),
    "cobija": ("manta",),
    "frazada": ("manta",),
    "gorro": ("gorra", "beanie"),
    "sombrero": ("gorra", "hat"),
    "libreta": ("cuaderno", "notebook"),
    "diario": ("cuaderno", "journal"),
    "playera": ("camiseta",),
    "polera": ("camiseta",),
    "remera": ("camiseta",),
    "vaso": ("taza", "tumbler"),
    "marino": ("navy", "azul"),
    "violeta": ("morado",),
    "pequena": ("s",),
    "mediana": ("m",),
    "grande": ("l",),
    # French
    "affiche": ("poster", "murale"),
    "tableau": ("poster", "murale"),
    "bonnet": ("chapeaux", "beanie"),
    "casquette": ("chapeaux", "hat"),
    "tuque": ("chapeaux", "beanie"),
    "cahier": ("carnet", "notebook"),
    "cellulaire": ("telephone", "phone"),
    "coque": ("etuis", "phone"),
    "capuche": ("capuchon", "hoodie"),
    "molleton": ("chandail", "sweatshirt"),
    "pull": ("chandail", "sweatshirt"),
    "oreiller": ("coussin", "pillow"),
    "plaid": ("couverture",),
    "blanche": ("blanc",),
    "marine": ("navy", "bleu"),
    "violette": ("violet",),
    "bordeaux": ("burgundy", "maroon", "rouge"),
}
