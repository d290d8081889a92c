"""Paying an order that exists: Stripe's form on our page, and a second way after a bank said no."""

from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ilytat.display.money import format_money
from ilytat.integrations import throttle
from ilytat.integrations.errors import IntegrationError
from orders import identity, quote_renewal
from orders.models import Order
from orders.quote_renewal import DeliveryChanged
from orders.states import OrderState
from payments import checkout, margins, order_placement, session_params
from payments.checkout_page import IN_ANOTHER_TAB
from payments.facts import SessionFacts

NOT_STARTED = (IntegrationError, margins.BelowFloor, checkout.PaidInAnotherTab)


def _stripe_sources() -> dict[str, list[str]]:
    """What Stripe's Payment Element with Link needs, on this one page (Stripe contract, section 4)."""
    script = urlsplit(settings.STRIPE_JS_URL)
    own = f"{script.scheme}://{script.netloc}"
    stripe_js, link = ["https://js.stripe.com", "https://*.js.stripe.com"], ["https://link.com", "https://*.link.com"]
    sources = {
        "script-src": [own, *stripe_js],
        "frame-src": [own, *stripe_js, "https://hooks.stripe.com", *link],
        "connect-src": [own, "https://api.stripe.com", *link],
        "img-src": ["https://*.stripe.com", "https://*.link.com"],
    }
    return {directive: list(dict.fromkeys(hosts)) for directive, hosts in sources.items()}


@never_cache
@csp_update(_stripe_sources())  # type: ignore[arg-type]  # the library's types know no views with arguments
@require_http_methods(["GET", "POST"])
@throttle.ratelimit("60/minute", methods=frozenset({"GET", "POST"}))  # each calls Stripe
def checkout_pay(request: HttpRequest, token: str) -> HttpResponse:
    """`order`, `client_secret`, `public_key`, `stripe_js`: Stripe's Payment Element on our page."""
    order = order_placement.mine(request).filter(token=token).prefetch_related("lines__product").first()
    if order is None or settings.STRIPE_UI_MODE != "elements":
        raise Http404
    try:
        if request.method == "POST":  # Stripe's script does not work here
            return HttpResponseRedirect(checkout.start_hosted(order), status=303)
        session = checkout.start(order)
    except checkout.NotPayable as past:
        return redirect(past.order)
    except DeliveryChanged:
        return redirect("checkout_again", order.token)
    except NOT_STARTED as problem:
        messages.error(request, _not_started(problem))
        return redirect("cart")
    if not isinstance(session, SessionFacts) or not session.client_secret:  # Stripe's page was asked for before
        return redirect(session.url)
    # As it is paid, with the tax that Stripe has found for the address; kept once it is paid.
    order.tax, order.total = session.tax, session.total
    keys = {"public_key": settings.STRIPE_PUBLIC_KEY, "stripe_js": settings.STRIPE_JS_URL}
    context = {"order": order, "client_secret": session.client_secret}
    return render(request, "payments/pay.html", context | keys)


@never_cache
@throttle.ratelimit("20/minute")
def checkout_again(request: HttpRequest, token: str) -> HttpResponse:
    """`order`, `total`: from the mail about a payment that failed, one press leads to another way to pay it.

    `notice` (a sentence) and `gone` (nobody sends it there any more): delivery has changed since it was agreed.
    Stripe's page shows the buyer's email address, so that a browser with nothing but the link is asked for it first.
    """
    order = get_object_or_404(Order, token=token)
    if order.state != OrderState.AWAITING_PAYMENT:
        return redirect(order)
    if not (identity.is_proven(request, order) or order_placement.mine(request).filter(pk=order.pk).exists()):
        return redirect(reverse("order_prove", args=[token]) + f"?next={request.path}")
    context = {"order": order, "total": order.total, "notice": "", "gone": False}
    if request.method == "POST":
        try:
            return _paid_again(request, order)
        except checkout.NotPayable as past:
            return redirect(past.order)
        except DeliveryChanged as news:
            context |= _changed(order, news)
        except NOT_STARTED as problem:
            messages.error(request, _not_started(problem))
    return render(request, "payments/again.html", context)


def _not_started(problem: Exception) -> str:
    if isinstance(problem, checkout.PaidInAnotherTab):
        return str(IN_ANOTHER_TAB)
    return _("Payment cannot be started right now. Nothing was charged.")


def _paid_again(request: HttpRequest, order: Order) -> HttpResponse:
    """The form names the total that its button showed: only that one is agreed to."""
    order_placement.remember(request, order)
    shown = request.POST.get("total", "")
    if shown.isascii() and shown.isdecimal() and len(shown) < len(str(session_params.MAXIMUM_CHARGE)) + 1:
        quote_renewal.accept(order, int(shown))
    return HttpResponseRedirect(order_placement.pay_url(order), status=303)


def _changed(order: Order, news: DeliveryChanged) -> dict[str, object]:
    if news.total is None:
        return {"notice": _("Nobody who prints these ships to this address any more."), "gone": True}
    words = _("Delivery has another price by now: the total is %(total)s instead of %(before)s.")
    both = {"total": format_money(news.total, order.currency), "before": format_money(order.total, order.currency)}
    return {"notice": words % both, "total": news.total}
