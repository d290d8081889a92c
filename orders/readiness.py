"""Setup check: Printify's approval setting, as far as it can be known."""

from ilytat.integrations.models import Alert
from ilytat.integrations.readiness import Finding


def approval() -> Finding:
    """Printify's API does not tell the setting.

    An order it printed without our request does (see `orders.fulfillment`).
    """
    if Alert.objects.filter(key__startswith="approval:", closed_at=None).exists():
        fix = "Set the order approval to Manual in Printify's store settings, then close the alert in the admin."
        return Finding("down", "Printify printed an order before the shop asked for it.", fix)
    return Finding("ok", "no order was printed before the shop asked for it")
