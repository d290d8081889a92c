"""Paying an order that exists: Stripe's form on our page, and a second way after a bank said no."""

from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from ilytat.integrations import throttle
from ilytat.integrations.errors import IntegrationError
from orders.models import Order
from orders.states import OrderState
from payments import buying, checkout, margins
from payments.facts import SessionFacts


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
@throttle.posts("20/minute")
def checkout_pay(request: HttpRequest, token: str) -> HttpResponse:
    """`order`, `client_secret`, `public_key`, `stripe_js`: Stripe's Payment Element on our page."""
    order = buying.mine(request).filter(token=token).prefetch_related("lines__product").first()
    if order is None or settings.STRIPE_UI_MODE != "elements":
        raise Http404
    try:
        if request.method == "POST":  # Stripe's script does not work here
            return HttpResponseRedirect(checkout.start_hosted(order), status=303)
        session = checkout.start(order)
    except checkout.NotPayable:
        return redirect(order)
    except (IntegrationError, margins.BelowFloor):
        messages.error(request, _("Payment cannot be started right now. Nothing was charged."))
        return redirect("cart")
    if not isinstance(session, SessionFacts) or not session.client_secret:  # Stripe's page was asked for before
        return redirect(session.url)
    # As it is paid, with the tax that Stripe has found for the address; kept once it is paid.
    order.tax, order.total = session.tax, session.total
    keys = {"public_key": settings.STRIPE_PUBLIC_KEY, "stripe_js": settings.STRIPE_JS_URL}
    context = {"order": order, "client_secret": session.client_secret}
    return render(request, "payments/pay.html", context | keys)


@never_cache
@throttle.posts("20/minute")
def checkout_again(request: HttpRequest, token: str) -> HttpResponse:
    """`order`: from the mail about a payment that failed, one press leads to another way to pay it."""
    order = get_object_or_404(Order, token=token)
    if order.state != OrderState.AWAITING_PAYMENT:
        return redirect(order)
    if request.method == "POST":
        try:
            buying.remember(request, order)
            return HttpResponseRedirect(buying.pay_url(order), status=303)
        except checkout.NotPayable as past:
            return redirect(past.order)
        except (IntegrationError, margins.BelowFloor):
            messages.error(request, _("Payment cannot be started right now. Nothing was charged."))
    return render(request, "payments/again.html", {"order": order})
