"""Stripe's and our own short words, as staff read them."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REFUND_STATES: dict[str, Promise] = {
    "new": _("waiting for Stripe"),
    "sent": _("on its way"),
    "succeeded": _("given back"),
    "failed": _("not given back"),
    "attention": _("rests: needs a person"),
}
REFUND_REASONS: dict[str, Promise] = {
    "requested_by_customer": _("The buyer asked for it"),
    "duplicate": _("Paid twice"),
    "fraudulent": _("Fraud: the card and the e-mail address are blocked at Stripe"),
}


def plain(word: str) -> str:
    """A word of theirs that may be new to us: "product_not_received" → "product not received"."""
    return word.replace("_", " ")
