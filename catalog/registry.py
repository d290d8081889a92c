"""What this app plugs into the integrations kit: imported once, when Django is ready."""

from catalog import attention, glance, health, privacy, webhooks

__all__ = ["attention", "glance", "health", "privacy", "webhooks"]
