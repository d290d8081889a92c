"""What this app plugs into the integrations kit: imported once, when Django is ready."""

# Importing registers.
# ruff: noqa: F401

from ilytat.integrations import jobs
from notifications import campaigns, outbox, privacy, webhooks

jobs.register(outbox.jobs_queue)
jobs.register(outbox.bulk_queue)
jobs.register(campaigns.jobs_queue)
