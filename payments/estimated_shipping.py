"""What estimated shipping really cost: Printify's charge less what the order was quoted from the rate card."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from orders import quote
from orders.models import Fulfilment, Order
from orders.states import CANCELED_STATES

PERIOD = timedelta(days=90)


@dataclass(frozen=True)
class EstimatedShipping:
    """Minor units. `estimate` includes the surcharge; `charged` is None until Printify has said."""

    estimate: int
    surcharge: int
    charged: int | None

    @property
    def difference(self) -> int | None:
        """Positive when Printify charged more than was quoted."""
        return None if self.charged is None else self.charged - self.estimate


def of_order(order: Order, fulfillment: Fulfilment | None) -> EstimatedShipping | None:
    """Return None for an order whose quote was live."""
    if not order.quote.get("estimated"):
        return None
    charged = fulfillment.upstream_shipping if fulfillment else None
    return EstimatedShipping(quote.full_price(order), order.quote["surcharge"], charged)


def recent() -> tuple[int, int]:
    """Return the sum of the differences and the number of orders in the last 90 days, in the shop's currency."""
    since = timezone.now() - PERIOD
    rows = Fulfilment.objects.filter(
        order__quote__estimated=True,
        order__placed_at__gte=since,
        order__currency=settings.SHOP_CURRENCY,
        upstream_shipping__isnull=False,
    ).exclude(state__in=CANCELED_STATES)
    estimates = [of_order(row.order, row) for row in rows.select_related("order")]
    differences = [estimate.difference or 0 for estimate in estimates if estimate]
    return sum(differences), len(differences)
