"""From a kind and its frozen context to subject, text and HTML, in the reader's language and the shop's time.

HTML is written with classes and one style sheet in `emails/_layout.html`; the rules are copied into the tags here,
because many mail programs read nothing else, and kept in the head for small screens and dark mode.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import css_inline
from django.conf import settings
from django.template import Context
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils import timezone, translation

from notifications.context import current_brand
from notifications.email_types import KINDS
from notifications.models import Brand

# Nothing is fetched while a mail is written: neither style sheets nor pictures.
_inliner = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
_GAP = re.compile(r"\n{3,}")
_TRAILING = re.compile(r"[ \t]+\n")


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str


NO_LINKS: Mapping[str, str] = {"leave_url": "", "choices_url": ""}


def nowhere() -> Mapping[str, str]:
    """The ways out of marketing in a mail that is only looked at: nobody leaves by them."""
    return dict.fromkeys(NO_LINKS, f"{settings.SITE_URL}/")


def render(
    kind: str,
    language: str,
    context: Mapping[str, Any],
    *,
    links: Mapping[str, str] = NO_LINKS,
    brand: Brand | None = None,
) -> Rendered:
    """Asks the database for the brand only, unless one that is not saved yet is given. `links` lead out of marketing.
    Raises what a broken template raises.
    """
    known = KINDS[kind]
    data = {**context, "kind": known, "language": language, **NO_LINKS, **links} | _surroundings(brand)
    with translation.override(language), timezone.override(None):
        subject = _part(kind, "subject.txt", data, escape=False)
        data["subject"] = " ".join(subject.split())
        text = _part(kind, "text.txt", data, escape=False)
        html = _part(kind, "body.html", data, escape=True)
    return Rendered(data["subject"], _tidy(text), _inliner.inline(html))


def _surroundings(brand: Brand | None) -> dict[str, Any]:
    brand = brand or current_brand()
    logo = settings.SITE_URL + brand.logo.url if brand.logo else ""
    site = {"mark_url": _mark(), "SITE_URL": settings.SITE_URL}
    return {"brand": brand, "colors": brand.palette(), "logo_url": logo, **site}


def _mark() -> str:
    """The shop's own mark, or "": a worker without collected files still writes its mails."""
    try:
        return f"{settings.SITE_URL}{static('img/mail-mark.png')}"
    except ValueError:
        return ""


def _part(kind: str, name: str, data: Mapping[str, Any], *, escape: bool) -> str:
    # The engine's own template: it can be told not to escape, which plain text must not be.
    template: Any = get_template(f"emails/{kind}/{name}")
    return str(template.template.render(Context(dict(data), autoescape=escape)))


def _tidy(text: str) -> str:
    """Template tags leave blank lines behind; a reader should meet one at a time."""
    return _GAP.sub("\n\n", _TRAILING.sub("\n", text)).strip() + "\n"
