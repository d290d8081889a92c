"""Why a product could not be used, in plain words, and what to do: for staff, who know Printify and not our code."""

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True)
class Cause:
    name: Text
    means: Text
    fix: Text


UNKNOWN = Cause(
    _("Unexpected"),
    _("The product came in a way we did not foresee. Its last good version is still shown."),
    _("Try again; if it stays, send what is below to whoever looks after the shop."),
)
_KNOWN = (
    (
        r"title is missing",
        _("No title"),
        _("Printify sent the product without a title."),
        _("Open it in Printify, give it a title, save, and retry."),
    ),
    (
        r"no usable price",
        _("No price"),
        _("A variant that is on sale has no price we could charge."),
        _("Open it in Printify, set the price of every variant that is switched on, save, and retry."),
    ),
    (
        r"more than once",
        _("Listed twice"),
        _("Two variants have the same number, so an order could mean either."),
        _("Save the product in Printify once more; if it stays, copy it there and delete the old one."),
    ),
    (
        r"variants are missing|not an object|product id",
        _("Incomplete"),
        _("The answer lacked what makes a product: its number or its variants."),
        _("Usually over by itself: retry in some minutes. If it stays, ask Printify's support."),
    ),
    (
        r"\b429\b|rate limit|used up its calls",
        _("Too many calls"),
        _("Printify or our own budget asked for a pause."),
        _("Nothing is wrong with the product. Retry in a minute."),
    ),
    (
        r"\b40[13]\b|token|refuse",
        _("No permission"),
        _("Printify does not accept our key for this."),
        _("Check PRINTIFY_API_KEY (tokens end after a year) and its scopes, then retry."),
    ),
    (
        r"\b5\d\d\b|time[d ]?-?out|unreachable|connection|did not answer|no answer",
        _("Printify did not answer"),
        _("Their side or the network had trouble. Nothing in the shop has changed."),
        _("Retry in some minutes; the timetable tries by itself as well."),
    ),
    (
        r"NUL|deep|too (?:long|large|many)|number",
        _("Unreadable"),
        _("Part of what was sent cannot be stored safely."),
        _("Save the product in Printify once more and retry."),
    ),
)
CAUSES = tuple((re.compile(pattern, re.IGNORECASE), Cause(*words)) for pattern, *words in _KNOWN)


def cause(error: str) -> Cause | None:
    """None where nothing went wrong."""
    if not error:
        return None
    return next((found for pattern, found in CAUSES if pattern.search(error)), UNKNOWN)
