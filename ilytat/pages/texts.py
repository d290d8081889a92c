"""Which text of a page is in force, and under what name an order remembers it."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import select_template

from ilytat.pages.models import PageText

WRITABLE = dict(PageText.SLUGS)
DRAFT_NOTE = b"pages/_draft.html"  # staff see it on the page
SLUGS = {*WRITABLE, "size-guide"}  # the size guide shows tables, which are data


LEGAL = ("accessibility", "imprint", "privacy", "returns", "shipping", "terms")  # drafts for a lawyer to review


def written(slug: str, language: str) -> PageText | None:
    """The owner's newest text in that language, or None where the built-in one holds."""
    return PageText.objects.filter(slug=slug, language=language).order_by("-version").first()


def version(slug: str, language: str) -> str:
    """Names the text in force for good: "3" of the owner's, "built-in 1a2b3c4d" by the fingerprint of ours."""
    own = written(slug, language)
    return str(own.version) if own else f"built-in {_fingerprint(slug, language)}"


def built_in(slug: str, language: str) -> Any:
    """The language's own template where there is one, else English."""
    return select_template([f"pages/{language}/{slug}.html", f"pages/{slug}.html"])


def drafts() -> list[tuple[str, str]]:
    """Return (slug, language) of each page that readers see as a built-in draft, which a lawyer has not reviewed.

    One query. A text that the owner has published in that language is no draft.
    """
    published = set(PageText.objects.order_by().values_list("slug", "language").distinct())
    pages = [(slug, code) for slug in WRITABLE for code, _name in settings.LANGUAGES]
    return [page for page in pages if page not in published and DRAFT_NOTE in _source(*page)]


@cache
def _source(slug: str, language: str) -> bytes:
    return Path(built_in(slug, language).origin.name).read_bytes()


@cache
def _fingerprint(slug: str, language: str) -> str:
    return hashlib.sha256(_source(slug, language)).hexdigest()[:8]


def starting_point(slug: str, language: str, request: HttpRequest) -> tuple[str, str]:
    """Title and HTML that readers see today: what the owner begins to edit."""
    own = written(slug, language)
    if own:
        return own.title, own.body
    page = built_in(slug, language).render({"only_text": True}, request)
    title, _, body = page.partition("\n")
    return title.strip(), body.strip()


def unreviewed() -> list[str]:
    """Return the legal pages whose built-in draft is in force: the owner has published no English text of their own."""
    published = PageText.objects.filter(slug__in=LEGAL, language="en").values_list("slug", flat=True)
    return sorted({*LEGAL} - {*published})
