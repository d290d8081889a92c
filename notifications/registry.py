"""What this app plugs into the integrations kit: imported once, when Django is ready."""

from ilytat.integrations import jobs
from notifications import (
    attention,  # noqa: F401 (registers what comes before staff)
    campaigns,
    dashboard,  # noqa: F401 (registers the first page's figure)
    events,  # noqa: F401 (registers the inbox's handlers)
    health,  # noqa: F401 (registers the checks)
    outbox,
    privacy,  # noqa: F401 (registers what mail keeps of a person)
    readiness,  # noqa: F401 (registers the setup check)
)

jobs.register(outbox.jobs_queue)
jobs.register(outbox.bulk_queue)
jobs.register(campaigns.jobs_queue)
