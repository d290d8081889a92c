"""What the order page tells: where the order stands, and what comes next."""

from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from ilytat.pages.money import format_money
from orders import changes, claims, refunding
from orders.models import Claim, Fulfilment, Order, OrderLine, shipping
from orders.models.claim import ClaimState
from orders.states import BEFORE_PRODUCTION, COMPLETED, LEFT_PRINTER, FulfilmentState, OrderState

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
    held = shipping.distribute({line.pk: line for line in order.lines.all()}, shipments)
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
        "canceled": _canceled(order),
        "cancel_until": cancel_until,
        "changeable": open_,
        "swappable": changes.swappable(order) if open_ else [],
        "claimable": claims.claimable(order, fulfilment),
        "withdrawable": claims.withdrawable(order, fulfilment),
        "claims": known_claims,
        "remedy": _remedy(order, known_claims) if fulfilment and fulfilment.state in LEFT_PRINTER else None,
        "arrived_count": arrived_count,
        "traveling_count": fulfilment.parcel_count - arrived_count if fulfilment else 0,
    }


def _canceled(order: Order) -> list[tuple[OrderLine, bool]]:
    """The lines that Printify canceled, and whether their money has gone back."""
    lines = [line for line in order.lines.all() if line.is_canceled]
    given = refunding.given(order) if lines else {}
    return [(line, given.get(line.pk, 0) >= line.quantity) for line in lines]


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
    if claim.reprint.state != OrderState.PAID or Fulfilment.objects.filter(order=claim.reprint, state__in=COMPLETED):
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


# What happens next to an order, for staff.
NEXT_STEP_OF_ORDER = {
    OrderState.AWAITING_PAYMENT: "The buyer has not paid yet. Nothing is printed. Unpaid orders expire by themselves.",
    OrderState.EXPIRED: "It was not paid in time. If a payment still arrives, the order is fulfilled.",
    OrderState.REFUNDED: "Fully refunded. Nothing is left to do.",
    OrderState.ATTENTION: "The amount paid differs from the total. Accept it or refund it on the dashboard.",
}
NEXT_STEP_OF_FULFILLMENT = {
    FulfilmentState.NEW: "It goes to Printify within seconds, as a draft that is not printed yet.",
    FulfilmentState.IN_PRODUCTION: "Printify is printing it. The buyer gets an email when it ships.",
    FulfilmentState.SHIPPED: "It has shipped. It is marked as delivered when Printify reports it, or after some weeks.",
    FulfilmentState.DELIVERED: "Delivered. Nothing is left to do, unless the buyer reports a problem.",
    FulfilmentState.ENDED: "No delivery was reported, and no claim was made. Nothing is left to do.",
    FulfilmentState.CANCELING: "The draft is being canceled at Printify. The shop checks until that is certain.",
    FulfilmentState.CANCELED: "Canceled. It is not printed.",
    FulfilmentState.ATTENTION: "It needs attention. Read the reason below. “Retry now” continues from what is known.",
}


def next_step(order: Order, fulfillment: Fulfilment | None) -> str:
    """Return what happens next to the order, in a sentence for staff."""
    if order.state == OrderState.CANCELED and fulfillment is None:
        return "Canceled. Nothing is printed."
    if order.state in NEXT_STEP_OF_ORDER or fulfillment is None:
        return NEXT_STEP_OF_ORDER.get(OrderState(order.state), "")
    if fulfillment.open_holds and fulfillment.state in BEFORE_PRODUCTION:
        return "On hold: nothing is printed until someone releases or cancels it."
    if fulfillment.state == FulfilmentState.CREATED:
        is_due = fulfillment.release_at <= timezone.now()
        release_at = date_format(timezone.localtime(fulfillment.release_at), "DATETIME_FORMAT")
        when = "within a minute" if is_due else f"at {release_at}"
        return f"Production is requested {when}. Until then canceling is free, and the buyer can do it too."
    if fulfillment.state in LEFT_PRINTER and (after_claim := _next_step_after_claim(order)):
        return after_claim
    return NEXT_STEP_OF_FULFILLMENT[FulfilmentState(fulfillment.state)]


def _next_step_after_claim(order: Order) -> str:
    """Return what the claims on a printed order leave to do; "" when none changes what comes next."""
    claims = list(order.claims.select_related("reprint").order_by("answered_at", "pk"))
    if any(claim.state == ClaimState.OPEN for claim in claims):
        return "The buyer reported a problem. Answer the claim."
    remedies = [claim for claim in claims if claim.state in {ClaimState.REPRINTED, ClaimState.REFUNDED}]
    if not remedies:
        return ""
    if remedies[-1].reprint:
        return f"The claim was answered with a free replacement: order {remedies[-1].reprint.number}."
    return "The claim was answered with a refund. Nothing is left to do."
