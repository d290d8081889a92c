"""What this app plugs into the integrations kit: imported once, when Django is ready."""

from catalog import attention, health, webhooks

__all__ = ["attention", "health", "webhooks"]
