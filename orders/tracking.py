"""What the order page tells: where the order stands, and what comes next."""

from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ilytat.pages.money import format_money
from orders import changes, claims, refunding
from orders.models import Claim, Fulfilment, Order, shipping
from orders.models.claim import ClaimState
from orders.states import ARRIVED, BEFORE_PRODUCTION, LEFT_PRINTER, FulfilmentState, OrderState

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


ORDER = {
    OrderState.AWAITING_PAYMENT: gettext_lazy(
        "The buyer has not paid yet. Nothing is printed; unpaid, it ends by itself."
    ),
    OrderState.EXPIRED: gettext_lazy("It was not paid in time. Should money arrive all the same, it is made."),
    OrderState.REFUNDED: gettext_lazy("All its money went back. Nothing is left to do."),
    OrderState.ATTENTION: gettext_lazy(
        "Its money differs from what was agreed: accept it or refund it on the first page."
    ),
}
JOB = {
    FulfilmentState.NEW: gettext_lazy("It goes to Printify within seconds, as a draft that is not printed yet."),
    FulfilmentState.IN_PRODUCTION: gettext_lazy(
        "Printify prints it. The next news is a parcel; the buyer is written to by itself."
    ),
    FulfilmentState.SHIPPED: gettext_lazy("It is on its way. Printify and the clock tell when it has arrived."),
    FulfilmentState.DELIVERED: gettext_lazy(
        "It has arrived. Nothing is left to do, unless the buyer claims something."
    ),
    FulfilmentState.ENDED: gettext_lazy("Nobody reported that it arrived, and nothing was claimed. It is over."),
    FulfilmentState.CANCELING: gettext_lazy(
        "The draft is being canceled at Printify; it is asked until that is certain."
    ),
    FulfilmentState.CANCELED: gettext_lazy("It is called off and not printed."),
    FulfilmentState.ATTENTION: gettext_lazy(
        "It needs you. Read the reason below; “Retry now” goes on from what is known."
    ),
}


def sentence(order: Order, job: Fulfilment | None) -> str:
    if order.state == OrderState.CANCELED and job is None:
        return _("It was canceled. Nothing is printed.")
    if order.state in ORDER or job is None:
        return str(ORDER.get(OrderState(order.state), ""))
    if job.open_holds and job.state in BEFORE_PRODUCTION:
        return _("It is held: nothing is printed until somebody releases it, or cancels it.")
    if job.state == FulfilmentState.CREATED:
        return _("Printing begins %(when)s. Until then canceling costs nothing, and the buyer may do it too.") % {
            "when": _when(job)
        }
    if job.state in LEFT_PRINTER:
        return _after_claim(order) or str(JOB[FulfilmentState(job.state)])
    return str(JOB[FulfilmentState(job.state)])


def _after_claim(order: Order) -> str:
    """What the claims on a printed order leave to do; "" when none changes what comes next."""
    claims = list(order.claims.select_related("reprint").order_by("answered_at", "pk"))
    if any(claim.state == ClaimState.OPEN for claim in claims):
        return _("The buyer reported a problem. Answer the claim.")
    remedies = [claim for claim in claims if claim.state in {ClaimState.REPRINTED, ClaimState.REFUNDED}]
    if not remedies:
        return ""
    if remedies[-1].reprint:
        number = remedies[-1].reprint.number
        return _("The claim was answered with a free replacement: order %(number)s.") % {"number": number}
    return _("The claim was answered with a refund. Nothing is left to do.")


def _when(job: Fulfilment) -> str:
    if job.release_at <= timezone.now():
        return _("within a minute")
    return _("at %(time)s") % {"time": date_format(timezone.localtime(job.release_at), "DATETIME_FORMAT")}
