"""Does Stripe take our key, and does it tell us things?"""

from django.conf import settings

from ilytat.integrations import health
from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.health import Verdict
from payments import gateway


@health.register("stripe")
def key_works() -> Verdict:
    try:
        live = gateway.key_is_live()
    except IntegrationError as error:
        return Verdict("down", error.detail)
    if live != settings.STRIPE_LIVE:
        return Verdict("down", "The key's mode is not the shop's.")
    return Verdict("ok", "live" if live else "test mode")
