"""What this app plugs into the integrations kit: imported once, when Django is ready."""

from payments import attention, dashboard, events, health, privacy, refund_provider, refunds  # noqa: F401 (importing registers)
