"""Stripe's and our own short words, as staff read them."""

REFUND_STATES = {
    "new": "waiting for Stripe",
    "sent": "on its way",
    "succeeded": "given back",
    "failed": "not given back",
    "attention": "rests: needs a person",
}
REFUND_REASONS = {
    "requested_by_customer": "The buyer asked for it",
    "duplicate": "Paid twice",
    "fraudulent": "Fraud: the card and the e-mail address are blocked at Stripe",
}


def humanized(word: str) -> str:
    """A word of theirs that may be new to us: "product_not_received" → "product not received"."""
    return word.replace("_", " ")
