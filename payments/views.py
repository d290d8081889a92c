"""Checkout: one page, then Stripe's, then ours again. Each view's docstring names the context of its template."""

from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from catalog import availability
from ilytat.integrations import limits
from ilytat.integrations.errors import IntegrationError
from ilytat.pages.money import format_money
from orders import access, addresses, quote, quote_renewal
from orders import cart as carts
from orders.cart import CartView
from orders.forms import CheckoutForm
from orders.models import Order
from orders.quote_renewal import DeliveryChanged
from orders.states import OrderState
from orders.tracking import masked, progress
from orders.views import cart_page
from payments import checkout as sessions
from payments import checkout_page, coupons, ledger, payment_status, session_params
from payments.checkout_page import IN_ANOTHER_TAB, CheckoutPage
from payments.session_params import chargeable
from payments.stripe_objects import CheckoutSessionData

NOT_NOW = gettext_lazy("This cannot be ordered right now; we have been told and look after it. Nothing was charged.")


@never_cache
@limits.ratelimit("30/minute")
def checkout(request: HttpRequest) -> HttpResponse:
    """`cart` (CartView), `form` (CheckoutForm), `options` (quote.ShippingOption list, [] when shipping cannot be told),
    `chosen` (one of them or None), `doubts` (sentences about the address), `notice` (a sentence), `total`,
    `taxed` (Stripe adds tax), `elements` (paying happens on our page), `offers_reminder` (the abandoned-cart email).
    """
    shown = carts.view(carts.current(request))
    if not shown.buyable:
        return _no_cart(request)
    if request.method == "POST":
        return _ordered(request, shown)
    first = checkout_page.fields(request, shown)
    page = CheckoutPage(request, shown, CheckoutForm(initial=first), [], None, [])
    page.ask_delivery(country=first["country"], method=first.get("method", ""))
    return page.render()


def _no_cart(request: HttpRequest) -> HttpResponse:
    """An empty cart right after an order is a press of Back: show the order instead."""
    last = checkout_page.mine(request).last()
    if last and not carts.view(carts.current(request)).lines and last.state != OrderState.EXPIRED:
        return redirect(last)
    return redirect("cart")


def _ordered(request: HttpRequest, shown: CartView) -> HttpResponse:
    """A posted form: everything is computed anew, and only what the buyer has seen is agreed to."""
    paying = request.POST.get("action") != "quote"
    too_old = availability.ensure_fresh([line.product.pk for line in shown.lines], before_charge=paying)
    shown = carts.view(shown.cart)
    if not shown.buyable:
        return redirect("cart")
    if too_old:
        messages.error(request, _("We cannot check the stock of everything right now. Please try again in a minute."))
        return redirect("cart")
    page = CheckoutPage(request, shown, CheckoutForm(request.POST), [], None, [])
    valid = page.form.is_valid()
    address, method = page.form.address(), page.form.cleaned_data.get("method", "")
    country = address.country or quote.default_country()
    problem = _code(page) if request.POST.get("action") in {"code", "no_code"} else ""
    page.ask_delivery(country=country, region=address.region, zip_code=address.zip, method=method)
    if "action" in request.POST:
        page.code_problem = problem
        return _quoted(page)
    if not valid:
        return page.render(status=422)
    if page.chosen is None:
        return page.render(status=503)
    page.doubts = [] if "keep_address" in request.POST else addresses.doubts(address)
    page.notice = _news(page)
    return page.render() if page.doubts or page.notice else _pay(page)


def _code(page: CheckoutPage) -> str:
    """A code was typed or taken away. Returns what is wrong with it."""
    if page.request.POST["action"] == "no_code":
        coupons.forget(page.request)
        return ""
    try:
        coupons.typed(page.request, page.request.POST.get("code", ""), page.cart.subtotal, page.cart.currency)
    except coupons.NotValid as error:
        return str(error)
    return ""


def _quoted(page: CheckoutPage) -> HttpResponse:
    """Only the price of delivery was asked for: what is not filled in yet is no mistake yet.

    News of prices waits for the press that would agree to them: the answer to this may be looked at only in part.
    """
    page.form = CheckoutForm(initial=page.request.POST.dict())
    return page.render(status=200 if page.chosen else 503)


def _news(page: CheckoutPage) -> str:
    """What changed since the buyer last looked; it takes a second press to agree to it."""
    if page.cart.price_changes:
        carts.accept_prices(page.cart)
        return _("A price has changed since you put it in the cart. Please look at the new total.")
    asked = page.form.cleaned_data["method"]
    if page.chosen and asked and asked != page.chosen.code:
        return _("That way of delivery is not offered any more. Please choose again.")
    if not page.is_agreed():
        return _("With this address and delivery the total is %(total)s.") % {
            "total": format_money(page.total, page.cart.currency)
        }
    if not chargeable(page.total, page.cart.currency, discount=page.cart.subtotal - page.goods):
        return _("This total cannot be paid by card. Please change the cart.")
    return ""


def _pay(page: CheckoutPage) -> HttpResponse:
    assert page.chosen is not None  # noqa: S101 (as above)
    try:
        order = checkout_page.place(page.request, page.cart, page.form, page.chosen, page.offer)
        return HttpResponseRedirect(checkout_page.pay_url(order), status=303)
    except coupons.NotValid as problem:
        return _without_code(page, str(problem))
    except sessions.NotPayable as past:
        return redirect(past.order)
    except DeliveryChanged:  # it was agreed a moment ago, and ended meanwhile: the page asks once more
        page.ask_delivery(country=page.form.address().country, method=page.chosen.code)
        page.notice = _("The price of delivery has just changed. Please look at the new total.")
        return page.render()
    except ledger.MarginTooLow as refusal:
        return _below_floor(page, refusal)
    except sessions.PaidInAnotherTab:
        page.notice, status = str(IN_ANOTHER_TAB), 409
    except IntegrationError:
        page.notice = _("Payment cannot be started right now. Nothing was charged; please try again in a minute.")
        status = 503
    return page.render(status=status)


def _below_floor(page: CheckoutPage, refusal: ledger.MarginTooLow) -> HttpResponse:
    if refusal.code:
        problem = _("The code %(code)s can't be used for this order, so we removed it. Please check the new total.")
        return _without_code(page, problem % {"code": refusal.code})
    page.notice = str(NOT_NOW)
    return page.render(status=409)


def _without_code(page: CheckoutPage, problem: str) -> HttpResponse:
    """Show the total without the code, which a second press agrees to."""
    coupons.forget(page.request)
    page.code_problem, page.notice = problem, problem
    address, method = page.form.address(), page.chosen.code if page.chosen else ""
    page.ask_delivery(country=address.country, region=address.region, zip_code=address.zip, method=method)
    return page.render()


@never_cache
@require_GET
@limits.ratelimit("60/minute", methods=frozenset({"GET"}))  # reads from Stripe; the page polls 15 times a minute
def checkout_success(request: HttpRequest) -> HttpResponse:
    """`status` (paid, confirming, unpaid, unknown); with an order of this browser also the order page's context and
    `masked_email`.
    """
    session_id = request.GET.get("session_id", "")
    order = payment_status.order_of_session(request, session_id)
    if order is None:
        return render(request, "payments/success.html", {"status": "unknown"})
    status = payment_status.status(order, session_id)
    if order.state in {OrderState.CANCELED, OrderState.REFUNDED}:
        return redirect(order)  # a bookmark, opened later: "not paid" would be wrong
    context = {"status": status, "masked_email": masked(order.email)} | progress(order)
    return render(request, "payments/success.html", context)


NOT_STARTED = (IntegrationError, ledger.MarginTooLow, sessions.PaidInAnotherTab)


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
@limits.ratelimit("60/minute", methods=frozenset({"GET", "POST"}))  # each calls Stripe
def checkout_pay(request: HttpRequest, token: str) -> HttpResponse:
    """`order`, `client_secret`, `public_key`, `stripe_js`: Stripe's Payment Element on our page."""
    order = checkout_page.mine(request).filter(token=token).prefetch_related("lines__product").first()
    if order is None or settings.STRIPE_UI_MODE != "elements":
        raise Http404
    try:
        if request.method == "POST":  # Stripe's script does not work here
            return HttpResponseRedirect(sessions.start_hosted(order), status=303)
        session = sessions.start(order)
    except sessions.NotPayable as past:
        return redirect(past.order)
    except DeliveryChanged:
        return redirect("checkout_again", order.token)
    except NOT_STARTED as problem:
        messages.error(request, _not_started(problem))
        return redirect("cart")
    if not isinstance(session, CheckoutSessionData) or not session.client_secret:  # Stripe's page was asked for before
        return redirect(session.url)
    # As it is paid, with the tax that Stripe has found for the address; kept once it is paid.
    order.tax, order.total = session.tax, session.total
    keys = {"public_key": settings.STRIPE_PUBLIC_KEY, "stripe_js": settings.STRIPE_JS_URL}
    context = {"order": order, "client_secret": session.client_secret}
    return render(request, "payments/pay.html", context | keys)


@never_cache
@limits.ratelimit("20/minute")
def checkout_again(request: HttpRequest, token: str) -> HttpResponse:
    """`order`, `total`: from the mail about a payment that failed, one press leads to another way to pay it.

    `notice` (a sentence) and `gone` (nobody sends it there any more): delivery has changed since it was agreed.
    Stripe's page shows the buyer's email address, so that a browser with nothing but the link is asked for it first.
    """
    order = get_object_or_404(Order, token=token)
    if order.state != OrderState.AWAITING_PAYMENT:
        return redirect(order)
    if not (access.knows_email(request, order) or checkout_page.mine(request).filter(pk=order.pk).exists()):
        return redirect(reverse("order_prove", args=[token]) + f"?next={request.path}")
    context = {"order": order, "total": order.total, "notice": "", "gone": False}
    if request.method == "POST":
        try:
            return _paid_again(request, order)
        except sessions.NotPayable as past:
            return redirect(past.order)
        except DeliveryChanged as news:
            context |= _changed(order, news)
        except NOT_STARTED as problem:
            messages.error(request, _not_started(problem))
    return render(request, "payments/again.html", context)


def _not_started(problem: Exception) -> str:
    if isinstance(problem, sessions.PaidInAnotherTab):
        return str(IN_ANOTHER_TAB)
    return _("Payment cannot be started right now. Nothing was charged.")


def _paid_again(request: HttpRequest, order: Order) -> HttpResponse:
    """The form names the total that its button showed: only that one is agreed to."""
    checkout_page.remember(request, order)
    shown = request.POST.get("total", "")
    if shown.isascii() and shown.isdecimal() and len(shown) < len(str(session_params.MAXIMUM_CHARGE)) + 1:
        quote_renewal.accept(order, int(shown))
    return HttpResponseRedirect(checkout_page.pay_url(order), status=303)


def _changed(order: Order, news: DeliveryChanged) -> dict[str, object]:
    if news.total is None:
        return {"notice": _("Nobody who prints these ships to this address any more."), "gone": True}
    words = _("Delivery has another price by now: the total is %(total)s instead of %(before)s.")
    both = {"total": format_money(news.total, order.currency), "before": format_money(order.total, order.currency)}
    return {"notice": words % both, "total": news.total}


@never_cache
@limits.ratelimit("30/minute")
def cart_code(request: HttpRequest) -> HttpResponse:
    """Form field `code`, or `no_code` to take it away. To the cart, or the cart with `code_problem`."""
    shown = carts.view(carts.current(request))
    if request.method != "POST" or not shown.lines:
        return redirect("cart")
    if "no_code" in request.POST:
        coupons.forget(request)
        return redirect("cart")
    try:
        coupons.typed(request, request.POST.get("code", ""), shown.subtotal, shown.currency)
    except coupons.NotValid as problem:
        return cart_page(request, status=422, code_problem=str(problem))
    return redirect("cart")
