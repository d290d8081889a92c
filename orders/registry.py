"""What this app plugs into the integrations kit: imported once, when Django is ready."""

from ilytat.integrations import jobs
from orders import attention, fulfilment, glance, health, kept_pictures, privacy, webhooks  # noqa: F401 (importing registers)
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
