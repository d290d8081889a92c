"""Why a product could not be used, in plain words, and what to do: for staff, who know Printify and not our code."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.failure_codes import FailureCode

Text = str | Promise


@dataclass(frozen=True)
class Cause:
    name: Text
    means: Text
    fix: Text


CAUSES: dict[FailureCode, Cause] = {
    FailureCode.NO_TITLE: Cause(
        _("No title"),
        _("Printify sent the product without a title."),
        _("Open it in Printify, give it a title, save, and retry."),
    ),
    FailureCode.NO_PRICE: Cause(
        _("No price"),
        _("A variant that is on sale has no price we could charge."),
        _("Open it in Printify, set the price of every variant that is switched on, save, and retry."),
    ),
    FailureCode.DUPLICATE_VARIANT: Cause(
        _("Listed twice"),
        _("Two variants have the same number, so an order could mean either."),
        _("Save the product in Printify once more; if it stays, copy it there and delete the old one."),
    ),
    FailureCode.INCOMPLETE: Cause(
        _("Incomplete"),
        _("The answer lacked what makes a product: its number or its variants."),
        _("Usually over by itself: retry in some minutes. If it stays, ask Printify's support."),
    ),
    FailureCode.RATE_LIMITED: Cause(
        _("Too many calls"),
        _("Printify or our own budget asked for a pause."),
        _("Nothing is wrong with the product. Retry in a minute."),
    ),
    FailureCode.ACCESS_DENIED: Cause(
        _("No permission"),
        _("Printify does not accept our key for this."),
        _("Check PRINTIFY_API_KEY (tokens end after a year) and its scopes, then retry."),
    ),
    FailureCode.NO_ANSWER: Cause(
        _("Printify did not answer"),
        _("Their side or the network had trouble. Nothing in the shop has changed."),
        _("Retry in some minutes; the timetable tries by itself as well."),
    ),
    FailureCode.UNREADABLE: Cause(
        _("Unreadable"),
        _("Part of what was sent cannot be stored safely."),
        _("Save the product in Printify once more and retry."),
    ),
    FailureCode.UNEXPECTED: Cause(
        _("Unexpected"),
        _("The product came in a way we did not foresee. Its last good version is still shown."),
        _("Try again; if it stays, send what is below to whoever looks after the shop."),
    ),
}


def cause(code: str) -> Cause | None:
    """Return what a stored code means. None where nothing went wrong."""
    return CAUSES[FailureCode(code)] if code else None
