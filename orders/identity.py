"""Who may see the whole order and change it: whoever has the link and knows the e-mail address, or reads its mail.

The link alone opens the page, because it stands in mails that people forward; it shows no address and changes nothing.
What was shown stays with this browser's session and ends after a while.
"""

import secrets
import time
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac
from limits import parse

from ilytat.integrations import rate_counters
from orders import mails

if TYPE_CHECKING:
    from orders.models import Order

PROVEN = "orders_proven"  # in the session: token → until when
CODE = "orders_code"  # in the session: the order, a digest of the code, until when, tries left
PROVEN_SECONDS = 2 * 60 * 60
CODE_MINUTES = 15
CODE_TRIES = 5
# By order, beside the limit by address: nobody guesses from many places, nor fills a stranger's mailbox.
GUESSES = parse("20/hour")
CODES = parse("4/hour")


def remember(request: HttpRequest, order: "Order") -> None:
    now = time.time()
    known = {token: until for token, until in request.session.get(PROVEN, {}).items() if until > now}
    request.session[PROVEN] = known | {order.token: now + PROVEN_SECONDS}


def is_proven(request: HttpRequest, order: "Order") -> bool:
    owner = request.user.is_authenticated and request.user.pk == order.user_id
    return bool(owner or request.session.get(PROVEN, {}).get(order.token, 0) > time.time())


def prove_by_email(request: HttpRequest, order: "Order | None", typed: str, *, number: str = "") -> bool:
    """The same work and the same answer for a wrong address, too many tries, and a `number` of no order."""
    allowed = rate_counters.hit(GUESSES, "order email", order.token if order else number)
    same = constant_time_compare(typed.strip().lower(), order.email.lower() if order else "")
    if order is None or not (allowed and same):
        return False
    remember(request, order)
    return True


def send_code(request: HttpRequest, order: "Order") -> bool:
    """Mails six figures to the order's own address. False: too many have been sent."""
    if not rate_counters.hit(CODES, "order code", order.token):
        return False
    code = f"{secrets.randbelow(10**6):06}"
    until = time.time() + CODE_MINUTES * 60
    request.session[CODE] = {
        "order": order.token,
        "digest": _digest(order, code),
        "until": until,
        "left": CODE_TRIES,
    }
    mails.order_code(order, code=code, minutes=CODE_MINUTES)
    return True


def prove_by_code(request: HttpRequest, order: "Order", code: str) -> bool:
    if not rate_counters.hit(GUESSES, "order code tried", order.token):
        return False
    sent = request.session.get(CODE) or {}
    if sent.get("order") != order.token or sent["until"] < time.time() or sent["left"] <= 0:
        return False
    if not constant_time_compare(sent["digest"], _digest(order, "".join(code.split()))):
        request.session[CODE] = sent | {"left": sent["left"] - 1}
        return False
    del request.session[CODE]
    remember(request, order)
    return True


def _digest(order: "Order", code: str) -> str:
    return salted_hmac("orders.identity", f"{order.token}:{code}", algorithm="sha256").hexdigest()
