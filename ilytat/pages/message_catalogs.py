"""The shop's sentences in its languages: found in the source, kept in locale/, compiled for Django.

Needs no gettext on the machine: Django turns templates into what looks like Python, and Babel reads the rest. The
compiled files are kept beside their sources, so that a clone or a deployment speaks every language at once.
"""

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
APPS = ("ilytat", "catalog", "notifications", "orders", "payments")
# Sentences of the admin's pages that stand outside files named after it.
STAFF = ("/dashboard.py", "/attention.py", "/next_step.py")
# Neither the stand-ins nor the demo speak to shoppers, and the admin speaks English.
SILENT = ("sandbox/", "ilytat/devserver/", "/migrations/", "admin", *STAFF)
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
WIDTH = 110


def languages() -> list[str]:
    return [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def po_file(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def found() -> Catalog:
    """Every sentence that is marked for translation today."""
    catalog = Catalog(charset="utf-8", fuzzy=False)
    for path in sources():
        for _line, message, _comments, context in extract("python", io.BytesIO(_python(path)), KEYWORDS, options={}):
            catalog.add(message, context=context)
    return catalog


def sources() -> Iterator[Path]:
    folders = ((app, "*.py") for app in APPS)
    for folder, pattern in (*folders, ("templates", "*.html"), ("templates", "*.txt")):
        for path in sorted((ROOT / folder).rglob(pattern)):
            if not any(part in path.relative_to(ROOT).as_posix() for part in SILENT):
                yield path


def _python(path: Path) -> bytes:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # Django's own step, whose indentation means nothing and would only confuse a tokenizer.
        lines = templatize(text, origin=str(path)).splitlines()
        text = "\n".join(line.lstrip() for line in lines)
    return text.encode()


def kept(language: str) -> Catalog:
    path = po_file(language)
    if not path.is_file():
        return Catalog(locale=language, charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language, charset="utf-8")


def update(language: str) -> int:
    """Take in what is new, drop what is gone, guess nothing. Returns how many sentences wait for a translation."""
    catalog = kept(language)
    created = catalog.creation_date
    catalog.update(found(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.creation_date = created
    path = po_file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=WIDTH, no_location=True, sort_output=True, ignore_obsolete=True)
    return sum(1 for _ in missing(kept(language)))


def compiled(language: str) -> bytes:
    out = io.BytesIO()
    write_mo(out, kept(language))
    return out.getvalue()


def write_compiled(language: str) -> None:
    po_file(language).with_suffix(".mo").write_bytes(compiled(language))


def missing(catalog: Catalog) -> Iterator[str]:
    """Sentences without a translation, guessed ones, and those that lost or gained a placeholder."""
    for message in catalog:
        if not message.id:
            continue
        asked, said = _forms(message.id), _forms(message.string)
        if not all(said) or not said or message.fuzzy:
            yield f"not translated: {asked[-1]!r}"
        elif _holes(said[-1]) != _holes(asked[-1]):
            yield f"placeholders differ: {asked[-1]!r}"


def _forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """One sentence, or its singular and plural."""
    return (text,) if isinstance(text, str) else tuple(text or ())


def _holes(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def _keys(catalog: Catalog) -> set[str]:
    return {f"{message.context or ''}{_forms(message.id)}" for message in catalog if message.id}


def complaints(language: str) -> list[str]:
    """What stands between this language and a complete shop; [] when nothing does."""
    catalog = kept(language)
    have, want = _keys(catalog), _keys(found())
    lines = [f"new in the source: {key}" for key in sorted(want - have)]
    lines += [f"no longer in the source: {key}" for key in sorted(have - want)]
    lines += missing(catalog)
    mo = po_file(language).with_suffix(".mo")
    if not lines and (not mo.is_file() or mo.read_bytes() != compiled(language)):
        lines.append("the compiled file is older than its source")
    return [f"{language}: {line}" for line in lines]
