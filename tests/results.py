"""How an event or a look at Stripe ended, as a pair that tests compare with."""

from ilytat.integrations.errors import Result
from ilytat.integrations.models import InboundEvent


def result_of(found: InboundEvent | Result) -> tuple[str, str]:
    """The outcome and its detail."""
    return str(found.outcome), found.detail
