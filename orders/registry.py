"""What this app plugs into the integrations kit: imported once, when Django is ready."""

# Importing registers.
# ruff: noqa: F401

from ilytat.integrations import jobs
from orders import back_in_stock, fulfillment, image_retention, privacy, webhooks
from orders.lifecycle import FULFILMENT_QUEUE
from orders.models import Fulfilment

queue = jobs.register(
    jobs.Queue(
        name=FULFILMENT_QUEUE,
        model=Fulfilment,
        work=fulfillment.work,
        lane=FULFILMENT_QUEUE,
        on_attention=fulfillment.on_attention,
    )
)
