"""What the stand-in of Stripe.js talks to, from the shop's page: a session by its client secret, and confirm.

These answer any origin: Stripe.js runs on the shop's pages and the secret is the permission.
"""

import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from sandbox import faults, store
from sandbox.store import Document
from sandbox.stripe import coupons, expiry, pay, sessions
from sandbox.stripe.errors import ApiError
from sandbox.stripe.kinds import SESSION
from sandbox.stripe.money import spoken
from sandbox.stripe.outcomes import Outcome, Shopper

SCRIPT = Path(__file__).resolve().parent / "stripe.js"


@require_GET
def script(_request: HttpRequest) -> HttpResponse:
    response = HttpResponse(SCRIPT.read_bytes(), content_type="text/javascript; charset=utf-8")
    response.headers["Access-Control-Allow-Origin"] = "*"
    # A page that is cross-origin isolated may load it only if it says so.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _open_to_all(payload: dict[str, Any], *, status: int = 200) -> HttpResponse:
    response = JsonResponse(payload, status=status)
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _find(request: HttpRequest) -> Document:
    """Raises ApiError for a secret that fits no session, or a key of the other mode."""
    expiry.start()
    sessions.expire_due()
    secret, key = request.POST.get("client_secret", ""), request.POST.get("key", "")
    session = store.read(SESSION, secret.partition("_secret_")[0])
    known = (sessions.internal(session).get("secret") if session else None) or ""
    if session is None or not known or not hmac.compare_digest(secret.encode(), known.encode()):
        raise ApiError("The client_secret provided does not match any Checkout Session.", param="client_secret")
    if not key.startswith("pk_live_" if session["livemode"] else "pk_"):
        raise ApiError("The publishable key is of another mode than the Checkout Session.", status=401)
    return session


@csrf_exempt
@require_POST
@faults.route("stripe.elements.session")
def session(request: HttpRequest) -> HttpResponse:
    """The session as Stripe.js shows it; `shipping_option` and `promotion_code` change it first."""
    try:
        found = _find(request)
        if found["status"] == "open":
            _change(request, found)
        return _open_to_all({"type": "success", "session": seen(found)})
    except ApiError as error:
        return _open_to_all(_failed(error.message), status=error.status)


def _change(request: HttpRequest, found: Document) -> None:
    wanted, code = request.POST.get("shipping_option", ""), request.POST.get("promotion_code", "")
    if not wanted and not code:
        return
    with store.change():
        hidden = sessions.internal(found)
        names = [rate["id"] for rate in hidden["rates"]]
        if wanted in names:
            hidden["rate"] = names.index(wanted)
        if code:
            hidden["coupon"] = _coupon(code, found)
        sessions.settle(found, hidden)
        sessions.keep(found, hidden)


def _coupon(code: str, found: Document) -> Document:
    coupon = coupons.typed(code) if found["allow_promotion_codes"] else None
    if coupon is None:
        raise ApiError("This promotion code is invalid.", code="invalidCode", param="promotion_code")
    return coupon


@csrf_exempt
@require_POST
@faults.route("stripe.elements.confirm")
def confirm(request: HttpRequest) -> HttpResponse:
    """`outcome` is pay, decline or delayed. Like the hosted page it waits for the shop's webhook."""
    try:
        found = _find(request)
        done = _turn(request, found)(found["id"], _shopper(request))
    except ApiError as error:
        return _open_to_all(_failed(error.message, code=error.code), status=error.status)
    if done.error:
        failure = {"declineCode": done.error.get("decline_code")}
        return _open_to_all(_failed(done.error["message"], code="paymentFailed", paymentFailed=failure))
    pay.hold(done.deliveries)
    return _open_to_all({"type": "success", "session": seen(done.session)})


def _turn(request: HttpRequest, found: Document) -> Callable[[str, Shopper], Outcome]:
    turn = pay.TURN.get(request.POST.get("outcome", "pay"))
    if turn is None or found["status"] == "expired":
        raise ApiError("This Checkout Session can no longer be confirmed.", code="sessionExpired")
    return turn


def _failed(message: str, *, code: str | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"message": message, "code": code, **more}}


def _shopper(request: HttpRequest) -> Shopper:
    nobody, given = Shopper(), request.POST
    return Shopper(
        email=given.get("email") or nobody.email,
        name=given.get("name") or nobody.name,
        phone=given.get("phone") or None,
    )


def seen(found: Document) -> dict[str, Any]:
    """The session in Stripe.js's spelling."""
    hidden, currency, sums = sessions.internal(found), found["currency"], found["total_details"]

    def money(amount: int) -> dict[str, Any]:
        return {"amount": spoken(amount, currency), "minorUnitsAmount": amount}

    kind = {"type": found["status"]}
    return {
        "id": found["id"],
        "livemode": found["livemode"],
        "currency": currency,
        "email": sessions.email(found),
        "status": {**kind, "paymentStatus": found["payment_status"]} if found["status"] == "complete" else kind,
        "returnUrl": pay.landing(found),
        "lineItems": [
            {
                "id": line["id"],
                "name": line["description"],
                "quantity": line["quantity"],
                "total": money(line["amount_total"]),
            }
            for line in hidden["lines"]
        ],
        "shippingOptions": [
            {"id": rate["id"], "displayName": rate["display_name"], **money(rate["fixed_amount"]["amount"])}
            for rate in hidden["rates"]
        ],
        "total": {
            "subtotal": money(found["amount_subtotal"]),
            "discount": money(sums["amount_discount"]),
            "shippingRate": money(sums["amount_shipping"]),
            "taxExclusive": money(sums["amount_tax"]),
            "total": money(found["amount_total"]),
        },
    }
