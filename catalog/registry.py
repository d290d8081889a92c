"""What this app plugs into the integrations kit: imported once, when Django is ready."""

from catalog import attention, dashboard, health, readiness, webhooks  # noqa: F401 (importing registers)
