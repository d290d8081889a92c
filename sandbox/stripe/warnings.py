"""Early fraud warnings: the issuer says that the cardholder will dispute."""

from sandbox import clock, store
from sandbox.store import Document
from sandbox.stripe import events, ids
from sandbox.stripe.kinds import WARNING


def warn(charge: Document) -> Document:
    warning = {
        "id": ids.new("issfr"),
        "object": "radar.early_fraud_warning",
        "actionable": not charge["refunded"] and not charge["disputed"],
        "charge": charge["id"],
        "created": clock.now(),
        "fraud_type": "unauthorized_use_of_card",
        "livemode": charge["livemode"],
        "payment_intent": charge["payment_intent"],
    }
    store.write(WARNING, warning["id"], warning)
    events.record("radar.early_fraud_warning.created", warning, livemode=charge["livemode"])
    return warning


def settled(charge: Document) -> None:
    """A full refund or a dispute leaves nothing to act upon."""
    for warning in store.listing(WARNING):
        if warning["charge"] == charge["id"] and warning["actionable"]:
            warning["actionable"] = False
            store.write(WARNING, warning["id"], warning)
            previous = {"actionable": True}
            events.record("radar.early_fraud_warning.updated", warning, livemode=charge["livemode"], previous=previous)
