"""What this app plugs into the integrations kit: imported once, when Django is ready."""

# Importing registers.
# ruff: noqa: F401

from catalog import webhooks
