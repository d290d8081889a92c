"""Is every paid order on its way?"""

from datetime import timedelta

from django.utils import timezone

from ilytat.integrations import health
from ilytat.integrations.health import Verdict
from orders.models import Fulfilment
from orders.states import FulfilmentState

LATE = timedelta(minutes=15)


@health.register("orders")
def fulfilments_move() -> Verdict:
    waiting = Fulfilment.objects.filter(state=FulfilmentState.ATTENTION).count()
    late = Fulfilment.due().filter(next_at__lt=timezone.now() - LATE).count()
    if late:
        return Verdict("down", f"{late} orders are due for more than 15 minutes: is the worker running?")
    return Verdict("warn", f"{waiting} orders need a person.") if waiting else Verdict("ok")
