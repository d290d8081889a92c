"""How paying stands, for the buyer who comes back. Reads through to Stripe while no webhook has told us."""

import re
from typing import Literal

from django.http import HttpRequest

from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.inbox import NotYetKnown
from orders.models import Order
from orders.states import OrderState
from payments import gateway, settlement
from payments.checkout_page import orders_of_browser

Status = Literal["paid", "confirming", "unpaid"]
SESSION_ID = re.compile(r"cs_[A-Za-z0-9_]{8,120}")


def order_of_session(request: HttpRequest, session_id: str) -> Order | None:
    """The order of this browser that the session is for. A stranger's id finds nothing and asks nobody."""
    if not SESSION_ID.fullmatch(session_id):
        return None
    found = orders_of_browser(request).filter(sessions__stripe_session_id=session_id).first()
    # Our answer from Stripe may have been lost: then the session's row has no id yet.
    return (
        found or orders_of_browser(request).filter(sessions__state="creating").last() or _recovered(request, session_id)
    )


def _recovered(request: HttpRequest, session_id: str) -> Order | None:
    """A cart left behind is paid in a session that Stripe's reminder opened: it names the order, no row names it."""
    expired = orders_of_browser(request).filter(state=OrderState.EXPIRED)
    if not expired.exists():
        return None
    try:
        return expired.filter(number=gateway.session(session_id).order).first()
    except IntegrationError:
        return None


def status(order: Order, session_id: str) -> Status:
    """As Stripe says of this session of the order (of its newest, should the id be none of them).

    Changes nothing beyond what the webhook would: it is the same function under the same guard.
    """
    asked = _to_ask(order, session_id)
    if asked:
        try:
            facts = gateway.session(asked)
            settlement.settle(facts, who="success page")
        except (IntegrationError, NotYetKnown):
            return "confirming"
        order.refresh_from_db()
        if order.state == OrderState.AWAITING_PAYMENT:
            return "confirming" if facts.status == "complete" and not facts.failed else "unpaid"
    return "paid" if order.state in {OrderState.PAID, OrderState.REFUNDED, OrderState.ATTENTION} else "unpaid"


def _to_ask(order: Order, session_id: str) -> str:
    """The session whose state decides; "" when the order's own does already."""
    known = list(order.sessions.exclude(stripe_session_id=None).values_list("stripe_session_id", flat=True))
    if order.state == OrderState.EXPIRED:
        return "" if session_id in known else session_id  # opened anew by a reminder
    if order.state != OrderState.AWAITING_PAYMENT or not known:
        return ""
    return session_id if session_id in known else str(known[0])
