"""What this app plugs into the integrations kit: imported once, when Django is ready."""

# Importing registers.
# ruff: noqa: F401

from ilytat.integrations import jobs
from orders import (
    attention,
    claim_attention,
    dashboard,
    fulfilment,
    health,
    image_retention,
    privacy,
    readiness,
    stock_watch,
    webhooks,
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
