"""What this app plugs into the integrations kit: imported once, when Django is ready."""

from ilytat.integrations import jobs
from orders import (
    attention,  # noqa: F401 (registers what comes before staff)
    claim_attention,  # noqa: F401 (the same for claims)
    dashboard,  # noqa: F401 (registers what staff's first page says)
    fulfilment,
    health,  # noqa: F401 (registers the checks)
    image_retention,  # noqa: F401 (registers the pictures that orders show)
    privacy,  # noqa: F401 (registers what orders keep of a person)
    readiness,  # noqa: F401 (registers the setup check)
    stock_watch,  # noqa: F401 (registers what waiting keeps of a person, and the list of it)
    webhooks,  # noqa: F401 (registers the inbox's handlers)
)
from orders.lifecycle import FULFILMENT_QUEUE
from orders.models import Fulfilment

queue = jobs.register(
    jobs.Queue(
        name=FULFILMENT_QUEUE,
        model=Fulfilment,
        work=fulfilment.work,
        lane=FULFILMENT_QUEUE,
        on_attention=fulfilment.on_attention,
    )
)
