"""What this app plugs into the integrations kit: imported once, when Django is ready."""

from payments import attention, health, privacy, refunds, webhooks  # noqa: F401 (importing registers)
