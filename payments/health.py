"""Does Stripe take our key, and does it tell us things?"""

from django.conf import settings

from ilytat.integrations import health
from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.health import Verdict
from payments import gateway
from payments.models import ReconcileRun

RUNS = 2  # in a row: one event may just have been on its way


def key_works() -> Verdict:
    try:
        live = gateway.key_is_live()
    except IntegrationError as error:
        return health.failed(error)
    if live != settings.STRIPE_LIVE:
        return Verdict("down", "The key's mode is not the shop's.", gateway.PROVIDER.next_step)
    if not settings.STRIPE_WEBHOOK_SECRETS:
        detail = "STRIPE_WEBHOOK_SECRET is not set: every event is refused."
        return Verdict("warn", detail, "Set it to the endpoint's secret.", is_key_accepted=True)
    if _silent():
        detail = "Stripe's webhooks do not arrive: events had to be fetched. Look at the endpoint there."
        return Verdict("warn", detail, is_key_accepted=True)
    return Verdict("ok", "live" if live else "test mode")


def _silent() -> bool:
    """The last comparisons each found events that nobody had told us of."""
    last = ReconcileRun.objects.exclude(ended_at=None)[:RUNS]
    return len(last) == RUNS and all(run.differences.filter(kind="event missed").exists() for run in last)
