"""Who may see the whole order and change it: whoever has the link and knows the e-mail address, or reads its mail.

The link alone opens the page, because it stands in mails that people forward; it shows no address and changes nothing.
A forwarded mail also names the email address, so knowing it (`knows_email`) is not enough to send the parcel elsewhere:
`is_verified`. What was shown stays with this browser's session and ends after a while.
"""

import secrets
import time
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac
from limits import RateLimitItem, parse

from ilytat.integrations import limits
from ilytat.integrations.email import normalized_or_blank
from orders import emails

if TYPE_CHECKING:
    from orders.models import Order

PROVEN = "orders_proven"  # in the session: token → until when
VERIFIED = "orders_verified"  # in the session: token → until when, of orders placed here or opened by the mailed code
CODE = "orders_code"  # in the session: the order, a digest of the code, until when
PROVEN_SECONDS = 2 * 60 * 60
CODE_MINUTES = 15
# Counted by order and caller first, by order alone second. A count by order alone would let whoever has the link use it
# up and shut the buyer out; one by caller alone would let many places guess and fill a mailbox. So one caller gets a
# share that leaves the others theirs. Should many callers use up an order's guesses of the address, a mailed code still
# opens it: its tries are the code's own, in the browser that asked for it, and no stranger can spend them.
GUESSES_HERE, GUESSES = parse("5/hour"), parse("20/hour")
# A caller's first code of the day is counted apart from the rest, so that those who come back for more, however many
# they are, use up none of the first codes: one caller gets five codes a day of the thirty at most.
CODES_HERE, ONE_A_DAY, MORE_HERE = parse("4/hour"), parse("1/day"), parse("4/day")
FIRST_CODES, MORE_CODES = parse("20/day"), parse("10/day")
CODE_TRIES = parse("5/hour")  # with both: 150 of a million codes a day at most


def remember(request: HttpRequest, order: "Order", *, verified: bool = False) -> None:
    """Let this browser see and change the order for a while; `verified` includes where the parcel goes."""
    now = time.time()
    for key in (PROVEN, VERIFIED) if verified else (PROVEN,):
        known = {token: until for token, until in request.session.get(key, {}).items() if until > now}
        request.session[key] = known | {order.token: now + PROVEN_SECONDS}


def knows_email(request: HttpRequest, order: "Order") -> bool:
    return _is_owner(request, order) or _is_remembered(request, order, PROVEN)


def is_verified(request: HttpRequest, order: "Order") -> bool:
    """Return whether this visitor may send the parcel elsewhere: the order's owner is signed in, or this browser placed
    the order, or entered the code mailed to its address, in the last two hours.
    """
    return _is_owner(request, order) or _is_remembered(request, order, VERIFIED)


def _is_owner(request: HttpRequest, order: "Order") -> bool:
    return request.user.is_authenticated and request.user.pk == order.user_id


def _is_remembered(request: HttpRequest, order: "Order", key: str) -> bool:
    return bool(request.session.get(key, {}).get(order.token, 0) > time.time())


def prove_by_email(request: HttpRequest, order: "Order | None", typed: str, *, number: str = "") -> bool:
    """The same work and the same answer for a wrong address, too many tries, and a `number` of no order."""
    allowed = _within(request, GUESSES_HERE, GUESSES, "order email", order.token if order else number)
    email = normalized_or_blank(typed)
    same = constant_time_compare(email, order.email if order else "")
    if order is None or not (allowed and same and email):
        return False
    remember(request, order)
    return True


def send_code(request: HttpRequest, order: "Order") -> bool:
    """Mails six figures to the order's own address. False: none was sent, because too many have been."""
    if not _may_send_code(order, limits.client_address(request)):
        return False
    code = f"{secrets.randbelow(10**6):06}"
    until = time.time() + CODE_MINUTES * 60
    request.session[CODE] = {"order": order.token, "digest": _digest(order, code), "until": until}
    emails.order_code(order, code=code, minutes=CODE_MINUTES)
    return True


def _may_send_code(order: "Order", caller: str) -> bool:
    """Count one request and return whether a code may be sent.

    Requests over a caller's own limit do not count toward the order's: one caller cannot use up the codes of others.
    """
    if not limits.hit(CODES_HERE, "order code", order.token, caller):
        return False
    if limits.hit(ONE_A_DAY, "order code, first of caller", order.token, caller):
        return limits.hit(FIRST_CODES, "order code, first", order.token)
    here_today = limits.hit(MORE_HERE, "order code, more of caller", order.token, caller)
    return here_today and limits.hit(MORE_CODES, "order code, more", order.token)


def prove_by_code(request: HttpRequest, order: "Order", code: str) -> bool:
    sent = request.session.get(CODE) or {}
    if sent.get("order") != order.token or sent["until"] < time.time():
        return False
    # Counted outside the session, which requests at once would each read before the others write it.
    allowed = limits.hit(CODE_TRIES, "order code tried", sent["digest"])
    if not (allowed and constant_time_compare(sent["digest"], _digest(order, "".join(code.split())))):
        return False
    del request.session[CODE]
    remember(request, order, verified=True)
    return True


def _within(request: HttpRequest, here: RateLimitItem, whole: RateLimitItem, what: str, whose: str) -> bool:
    """Count one request and return whether it is within both limits; one over the caller's own does not count twice."""
    mine = limits.hit(here, what, whose, limits.client_address(request))
    return mine and limits.hit(whole, what, whose)


def _digest(order: "Order", code: str) -> str:
    return salted_hmac("orders.access", f"{order.token}:{code}", algorithm="sha256").hexdigest()
