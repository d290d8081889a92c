"""What happens next with an order, in one sentence for staff."""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import Fulfilment, Order
from orders.models.claim import ClaimState
from orders.states import BEFORE_PRODUCTION, LEFT_PRINTER, FulfilmentState, OrderState

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
