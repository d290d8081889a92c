"""What this app plugs into the integrations kit: imported once, when Django is ready."""

from payments import attention, events, giver, glance, health, privacy, refunds  # noqa: F401 (importing registers)
