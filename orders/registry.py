"""What this app plugs into the integrations kit: imported once, when Django is ready."""
