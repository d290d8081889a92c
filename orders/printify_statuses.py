"""Printify's words for where an order stands (Printify contract, section 8), in the sets that matter here."""

PREPARING = frozenset({"pending", "cost-calculation"})
WAITING = PREPARING | {"on-hold"}
PRODUCING = frozenset(
    {
        "sending-to-production",
        "sending_to_production_delegate",
        "sending_to_production_delegate_sync",
        "in-production",
        "partially-fulfilled",
    }
)
TROUBLED = frozenset({"has-issues", "had-issues", "unfulfillable", "payment-not-received", "source-check-failed"})
KNOWN = WAITING | PRODUCING | TROUBLED | {"fulfilled", "canceled"}
