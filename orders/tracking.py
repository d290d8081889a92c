"""What the order page tells: where the order stands, and what comes next."""

from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from ilytat.display.money import format_money
from orders import changes, claims, parcel_contents, refunding
from orders.models import Claim, Fulfilment, Order
from orders.models.claim import ClaimState
from orders.states import ARRIVED, LEFT_PRINTER, FulfilmentState, OrderState

Position = Literal["done", "current", "todo"]
# The step that is current; past the last one when it has arrived.
POSITIONS: dict[str, int] = {
    FulfilmentState.IN_PRODUCTION: 2,
    FulfilmentState.SHIPPED: 3,
    FulfilmentState.ENDED: 3,
    FulfilmentState.DELIVERED: 5,
}


@dataclass(frozen=True)
class Step:
    name: str
    position: Position


def progress(order: Order) -> dict[str, Any]:
    """The order page's context, in as many queries for twenty lines as for one."""
    prefetch_related_objects([order], "lines__product")
    fulfilment = Fulfilment.objects.filter(order=order).prefetch_related("shipments__lines").first()
    open_ = changes.changeable(order, fulfilment)
    shipments = list(fulfilment.shipments.all()) if fulfilment else []
    held = parcel_contents.distribute({line.pk: line for line in order.lines.all()}, shipments)
    arrived_count = sum(parcel.delivered_at is not None for parcel in shipments)
    known_claims = list(order.claims.select_related("reprint"))
    cancel_until = fulfilment.release_at if fulfilment and open_ and fulfilment.release_at > timezone.now() else None
    return {
        "order": order,
        "fulfilment": fulfilment,
        "steps": _steps(order, fulfilment),
        "parcels": shipments,
        "packed": [(parcel, held.by_parcel[parcel.pk]) for parcel in shipments],
        "still_to_come": held.still_to_come if shipments else [],
        "cancel_until": cancel_until,
        "changeable": open_,
        "swappable": changes.swappable(order) if open_ else [],
        "claimable": claims.claimable(order, fulfilment),
        "withdrawable": claims.withdrawable(order, fulfilment),
        "claims": known_claims,
        "remedy": _remedy(order, known_claims) if fulfilment and fulfilment.state in LEFT_PRINTER else None,
        "arrived_count": arrived_count,
        "traveling_count": len(shipments) - arrived_count,
    }


def _remedy(order: Order, known_claims: list[Claim]) -> dict[str, str] | None:
    """What the latest claim was answered with: `refund` (money as text), or `url` and `number` of the replacement.

    None without one, and once the replacement has arrived: its own page tells the rest.
    """
    answered = [claim for claim in known_claims if claim.state in {ClaimState.REPRINTED, ClaimState.REFUNDED}]
    claim = max(answered, key=lambda claim: (claim.answered_at, claim.pk), default=None)
    if claim is None:
        return None
    if claim.reprint is None:
        return {"refund": format_money(claim.refund, refunding.currency(order)), "url": "", "number": ""}
    if claim.reprint.state != OrderState.PAID or Fulfilment.objects.filter(order=claim.reprint, state__in=ARRIVED):
        return None
    return {"refund": "", "url": claim.reprint.get_absolute_url(), "number": claim.reprint.number}


def _steps(order: Order, fulfilment: Fulfilment | None) -> list[Step]:
    names = [_("Paid"), _("Preparing"), _("In production"), _("Shipped"), _("Delivered")]
    at = _position(order, fulfilment)
    return [Step(name, "done" if i < at else "current" if i == at else "todo") for i, name in enumerate(names)]


def _position(order: Order, fulfilment: Fulfilment | None) -> int:
    """Index of the current step; past the last one when delivered, 0 while unpaid."""
    if order.state not in {OrderState.PAID, OrderState.REFUNDED} or fulfilment is None:
        return 0
    return POSITIONS.get(fulfilment.state, 1 if fulfilment.sent_at is None else 2)


def masked(email: str) -> str:
    """a•••@example.com: enough for its owner to recognise, of no use to anyone else."""
    name, _at, host = email.rpartition("@")
    return f"{name[:1]}•••@{host}"
