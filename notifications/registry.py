"""What this app plugs into the integrations kit: imported once, when Django is ready."""

from ilytat.integrations import jobs
from notifications import (
    events,  # noqa: F401 (registers the inbox's handlers)
    health,  # noqa: F401 (registers the checks)
    outbox,
)

jobs.register(outbox.jobs_queue)
