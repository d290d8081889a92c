"""What this app plugs into the integrations kit: imported once, when Django is ready."""

from catalog import health, webhooks

__all__ = ["health", "webhooks"]
