"""The hosted checkout: one page, one form, buttons for every way it can end."""

import time
from typing import Any
from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from sandbox import deliveries, faults, pages, settings, store
from sandbox.store import Document
from sandbox.stripe import coupons, expiry, outcomes, sessions
from sandbox.stripe.countries import NAMES
from sandbox.stripe.errors import ApiError
from sandbox.stripe.kinds import CHARGE, PRODUCT, SESSION
from sandbox.stripe.money import spoken
from sandbox.stripe.outcomes import HOME, NOBODY, Outcome, Shopper

# Stripe waits this long for the shop's answer to checkout.session.completed before it lets the shopper go on.
# A sandbox in a hurry is still a little patient, or the wait would end before the webhook has left.
PATIENCE, LEAST_PATIENCE = 10.0, 2.0
TURN = {"pay": outcomes.pay, "decline": outcomes.decline, "delayed": outcomes.delayed}
# The goods' pictures are the shop's.
POLICY = pages.POLICY.replace("img-src 'self'", f"img-src 'self' {settings.SHOP_URL}")


def _session(name: str) -> Document:
    expiry.start()
    sessions.expire_due()
    session = store.read(SESSION, name)
    if session is None or session["ui_mode"] != "hosted_page":
        raise Http404
    return session


@csrf_exempt
@require_http_methods(["GET", "POST"])
@faults.route("stripe.pay")
def page(request: HttpRequest, name: str) -> HttpResponse:
    session = _session(name)
    if request.method == "POST":
        return _posted(request, session)
    return _shown(request, session)


def _posted(request: HttpRequest, session: Document) -> HttpResponse:
    if session["status"] != "open":
        return _gone(session) or _shown(request, session)
    wanted = request.POST.get("outcome", "")
    if wanted in ASIDE:
        return ASIDE[wanted](request, session)
    problem = _problem(request, session)
    if problem:
        return _shown(request, session, problem=problem, status=422)
    if wanted == "challenge":
        return _challenge(request, session)
    if wanted in TURN:
        return _ended(request, TURN[wanted](session["id"], _shopper(request)))
    return _shown(request, session)


def _ended(request: HttpRequest, done: Outcome) -> HttpResponse:
    if done.error:
        return _shown(request, done.session, problem=outcomes.DECLINED, status=402)
    hold(done.deliveries)
    return _gone(done.session) or _shown(request, done.session)


def _expire(request: HttpRequest, session: Document) -> HttpResponse:
    return _shown(request, outcomes.expire(session["id"], _shopper(request)).session)


def _challenge(request: HttpRequest, session: Document) -> HttpResponse:
    """The bank's own page, before the payment ends; what the shopper had filled in waits in the session."""
    outcomes.challenge(session["id"], _shopper(request))
    context = {"session": session, "total": spoken(session["amount_total"], session["currency"])}
    return render(request, "sandbox/pay_bank.html", context)


def _approve(request: HttpRequest, session: Document) -> HttpResponse:
    return _ended(request, outcomes.pay(session["id"], _remembered(session)))


def _refuse(request: HttpRequest, session: Document) -> HttpResponse:
    return _ended(request, outcomes.decline(session["id"], _remembered(session)))


def _remembered(session: Document) -> Shopper:
    return Shopper(**sessions.internal(session).get("shopper", {}))


def _problem(request: HttpRequest, session: Document) -> str:
    asked = session["consent_collection"] or {}
    if asked.get("terms_of_service") == "required" and "terms" not in request.POST:
        return "Please agree to the terms of service."
    if not sessions.email(session) and "@" not in request.POST.get("email", ""):
        return "Please enter your e-mail address."
    return ""


def _shopper(request: HttpRequest) -> Shopper:
    given = request.POST
    address = {key: given.get(key, "").strip() or None for key in HOME}
    rate = given.get("rate", "")
    return Shopper(
        email=given.get("email", ""),
        name=given.get("name", "").strip() or NOBODY,
        phone=given.get("phone", "").strip() or None,
        address=address if address["line1"] else HOME.copy(),
        promotions="promotions" in given,
        rate=int(rate) if rate.isdecimal() else None,
    )


def _coupon(request: HttpRequest, session: Document) -> HttpResponse:
    coupon = coupons.typed(request.POST.get("code", ""))
    if coupon is None or not session["allow_promotion_codes"] or session["status"] != "open":
        return _shown(request, session, problem="This code is invalid.", status=422)
    with store.change():
        hidden = {**sessions.internal(session), "coupon": coupon}
        sessions.settle(session, hidden)
        sessions.keep(session, hidden)
    return HttpResponseRedirect(request.path, status=303)


# What needs no filled-in form.
ASIDE = {"expire": _expire, "code": _coupon, "approve": _approve, "refuse": _refuse}


def landing(session: Document) -> str:
    """Where the shopper goes: only the literal {CHECKOUT_SESSION_ID} is replaced, as Stripe does it."""
    url = session["success_url"] or session.get("return_url") or settings.SHOP_URL
    return str(url).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _gone(session: Document) -> HttpResponse | None:
    return HttpResponseRedirect(landing(session), status=303) if session["status"] == "complete" else None


def hold(delivery_ids: list[str]) -> None:
    """Until every listener has answered, or patience ends."""
    deadline = time.monotonic() + max(LEAST_PATIENCE, PATIENCE / settings.SPEED)
    while time.monotonic() < deadline and not deliveries.answered(delivery_ids):
        time.sleep(0.05)


def _shown(request: HttpRequest, session: Document, *, problem: str = "", status: int = 200) -> HttpResponse:
    if session["status"] != "open":
        status = 410 if session["status"] == "expired" else 200
        context = {"session": session, "landing": landing(session), "merchant": _merchant(session)}
        return render(request, "sandbox/pay_over.html", context, status=status)
    context = {**_context(session), "problem": problem, "typed": request.POST}
    response = render(request, "sandbox/pay.html", context, status=status)
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _merchant(session: Document) -> str:
    return str((session["branding_settings"] or {}).get("display_name") or "")


def _context(session: Document) -> dict[str, Any]:
    hidden, currency = sessions.internal(session), session["currency"]
    sums = session["total_details"]
    collected = session["shipping_address_collection"]
    return {
        "session": session,
        "merchant": _merchant(session),
        "lines": [_line(line) for line in hidden["lines"]],
        "rates": [_rate(rate) for rate in hidden["rates"]],
        "subtotal": spoken(session["amount_subtotal"], currency),
        "discount": spoken(-sums["amount_discount"], currency) if sums["amount_discount"] else "",
        "shipping": spoken(sums["amount_shipping"], currency) if hidden["rates"] else "",
        "tax": spoken(sums["amount_tax"], currency),
        "total": spoken(session["amount_total"], currency),
        "ship_to": hidden["intent_data"].get("shipping"),
        "countries": [(code, NAMES.get(code, code)) for code in (collected or {}).get("allowed_countries", [])],
        "home": HOME,
        "nobody": NOBODY,
        "consent": session["consent_collection"] or {},
    }


def _line(line: Document) -> Document:
    product = store.read(PRODUCT, line["price"]["product"]) or {}
    images = [url for url in product.get("images", []) if _own(url)]
    return {
        "name": line["description"],
        "about": product.get("description") or "",
        "image": images[0] if images else "",
        "quantity": line["quantity"],
        "each": spoken(line["price"]["unit_amount"], line["currency"]) if line["price"]["unit_amount"] else "",
        "amount": spoken(line["amount_subtotal"], line["currency"]),
    }


def _own(url: str) -> bool:
    """The page's policy shows pictures of the shop and the sandbox only."""
    known = {urlsplit(base).netloc for base in (settings.SHOP_URL, settings.SANDBOX_URL)}
    return urlsplit(url).netloc in known


def _rate(rate: Document) -> Document:
    fixed = rate["fixed_amount"]
    return {
        "name": rate["display_name"],
        "amount": spoken(fixed["amount"], fixed["currency"]),
        "estimate": _estimate(rate["delivery_estimate"]),
    }


def _estimate(estimate: Document | None) -> str:
    ends = [end for end in ((estimate or {}).get("minimum"), (estimate or {}).get("maximum")) if end]
    if not ends:
        return ""
    unit = ends[-1]["unit"].replace("_", " ")
    return f"{'-'.join(str(end['value']) for end in ends)} {unit}s"


@require_GET
def recover(_request: HttpRequest, name: str) -> HttpResponse:
    """The link of an abandoned-basket mail."""
    try:
        return HttpResponseRedirect(sessions.recover(_session(name))["url"], status=303)
    except ApiError:
        raise Http404 from None


@require_GET
def receipt(request: HttpRequest, name: str) -> HttpResponse:
    charge = store.read(CHARGE, name)
    if charge is None:
        raise Http404
    context = {
        "charge": charge,
        "amount": spoken(charge["amount"], charge["currency"]),
        "refunded": spoken(charge["amount_refunded"], charge["currency"]) if charge["amount_refunded"] else "",
    }
    return render(request, "sandbox/pay_receipt.html", context)
