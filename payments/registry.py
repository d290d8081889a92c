"""What this app plugs into the integrations kit: imported once, when Django is ready."""

from payments import (  # noqa: F401 (importing registers)
    attention,
    customers,
    dashboard,
    events,
    health,
    privacy,
    readiness,
    refund_provider,
    refunds,
)
