"""Checkout views: our page, the payment, and the page after it. Each docstring names the context of the template."""

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

NOT_STARTED = (IntegrationError, ledger.MarginTooLow, sessions.PaidInAnotherTab)
NOT_NOW = gettext_lazy("This cannot be ordered right now; we have been told and look after it. Nothing was charged.")


@never_cache
@limits.ratelimit("30/minute")
def checkout(request: HttpRequest) -> HttpResponse:
    """`cart` (CartView), `form` (CheckoutForm), `options` (list of quote.ShippingOption, [] without a quote),
    `chosen` (one of them or None), `doubts` (sentences about the address), `notice` (a sentence), `total`,
    `taxed` (Stripe adds tax), `elements` (paying happens on our page), `offers_reminder` (the abandoned-cart email).
    """
    cart = carts.view(carts.current(request))
    if not cart.buyable:
        last = checkout_page.orders_of_browser(request).last()
        # An empty cart right after an order: the buyer pressed Back. Show the order instead.
        if last and not cart.lines and last.state != OrderState.EXPIRED:
            return redirect(last)
        return redirect("cart")
    if request.method == "POST":
        return _process_form(request, cart)
    values = checkout_page.initial_values(request, cart)
    page = CheckoutPage(request, cart, CheckoutForm(initial=values), [], None, [])
    page.ask_delivery(country=values["country"], method=values.get("method", ""))
    return page.render()


def _process_form(request: HttpRequest, cart: CartView) -> HttpResponse:
    """Compute everything again, and place the order if the buyer has seen exactly this."""
    action = request.POST.get("action")
    cart, is_stale = checkout_page.refresh_cart(cart, before_charge=action != "quote")
    if not cart.buyable:
        return redirect("cart")
    if is_stale:
        messages.error(request, _("We cannot check the stock of everything right now. Please try again in a minute."))
        return redirect("cart")
    page = CheckoutPage(request, cart, CheckoutForm(request.POST), [], None, [])
    is_valid = page.form.is_valid()
    address, method = page.form.address(), page.form.cleaned_data.get("method", "")
    country = address.country or quote.default_country()
    code_problem = ""
    if action == "no_code":
        coupons.forget(request)
    elif action == "code":
        try:
            coupons.typed(request, request.POST.get("code", ""), cart.subtotal, cart.currency)
        except coupons.NotValid as error:
            code_problem = str(error)
    page.ask_delivery(country=country, region=address.region, zip_code=address.zip, method=method)
    if "action" in request.POST:
        # Only the price of shipping was asked for: fields that are still empty are no errors yet. Price changes are
        # announced when the buyer agrees to them, because a script may show only a part of this response.
        page.code_problem = code_problem
        page.form = CheckoutForm(initial=request.POST.dict())
        return page.render(status=200 if page.chosen else 503)
    if not is_valid:
        return page.render(status=422)
    if page.chosen is None:
        return page.render(status=503)
    page.doubts = [] if "keep_address" in request.POST else addresses.doubts(address)
    page.notice = _describe_changes(page)
    return page.render() if page.doubts or page.notice else _place_order(page)


def _describe_changes(page: CheckoutPage) -> str:
    """Return what changed since the buyer last saw the page; they must submit it again to agree."""
    if page.cart.price_changes:
        carts.accept_prices(page.cart)
        return _("A price has changed since you put it in the cart. Please look at the new total.")
    method = page.form.cleaned_data["method"]
    if page.chosen and method and method != page.chosen.code:
        return _("That way of delivery is not offered any more. Please choose again.")
    if not page.is_agreed():
        return _("With this address and delivery the total is %(total)s.") % {
            "total": format_money(page.total, page.cart.currency)
        }
    if not chargeable(page.total, page.cart.currency, discount=page.cart.subtotal - page.goods):
        return _("This total cannot be paid by card. Please change the cart.")
    return ""


def _place_order(page: CheckoutPage) -> HttpResponse:
    assert page.chosen is not None  # noqa: S101 (the caller has checked it)
    try:
        _order, url = checkout_page.place_and_start_payment(page.request, page.cart, page.form, page.chosen, page.offer)
        return HttpResponseRedirect(url, status=303)
    except coupons.NotValid as problem:
        return _without_code(page, str(problem))
    except sessions.NotPayable as error:
        return redirect(error.order)
    except DeliveryChanged:  # the quote has just expired: the buyer must agree to the new price
        page.ask_delivery(country=page.form.address().country, method=page.chosen.code)
        page.notice = _("The price of delivery has just changed. Please look at the new total.")
        return page.render()
    except ledger.MarginTooLow as refusal:
        if refusal.code:
            removed = _("The code %(code)s can't be used for this order, so we removed it. Please check the new total.")
            return _without_code(page, removed % {"code": refusal.code})
        page.notice, status = str(NOT_NOW), 409
    except sessions.PaidInAnotherTab:
        page.notice, status = str(IN_ANOTHER_TAB), 409
    except IntegrationError:
        page.notice = _("Payment cannot be started right now. Nothing was charged; please try again in a minute.")
        status = 503
    return page.render(status=status)


def _without_code(page: CheckoutPage, problem: str) -> HttpResponse:
    """Remove the code and show the new total, which the buyer agrees to by submitting the form again."""
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


def _stripe_sources() -> dict[str, list[str]]:
    """Return what the policy of the payment page must allow for Stripe's Payment Element with Link."""
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
    order = checkout_page.orders_of_browser(request).filter(token=token).prefetch_related("lines__product").first()
    if order is None or settings.STRIPE_UI_MODE != "elements":
        raise Http404
    try:
        if request.method == "POST":  # Stripe's script does not work in this browser
            return HttpResponseRedirect(sessions.start_hosted(order), status=303)
        session = sessions.start(order)
    except sessions.NotPayable as error:
        return redirect(error.order)
    except DeliveryChanged:
        return redirect("checkout_again", order.token)
    except NOT_STARTED as error:
        messages.error(request, _not_started_message(error))
        return redirect("cart")
    if (
        not isinstance(session, CheckoutSessionData) or not session.client_secret
    ):  # the open attempt is on Stripe's own page
        return redirect(session.url)
    # Shown with the tax that Stripe has computed; saved only once it is paid.
    order.tax, order.total = session.tax, session.total
    keys = {"public_key": settings.STRIPE_PUBLIC_KEY, "stripe_js": settings.STRIPE_JS_URL}
    context = {"order": order, "client_secret": session.client_secret}
    return render(request, "payments/pay.html", context | keys)


@never_cache
@limits.ratelimit("20/minute")
def checkout_again(request: HttpRequest, token: str) -> HttpResponse:
    """`order`, `total`; `notice` (a sentence) and `gone` (no longer shipped to this address) when shipping has changed.

    The page behind the link in the email about a failed payment.
    """
    order = get_object_or_404(Order, token=token)
    if order.state != OrderState.AWAITING_PAYMENT:
        return redirect(order)
    # Stripe's page shows the buyer's email address, so a browser that has only the link must enter it first.
    if not (
        access.knows_email(request, order) or checkout_page.orders_of_browser(request).filter(pk=order.pk).exists()
    ):
        return redirect(reverse("order_prove", args=[token]) + f"?next={request.path}")
    context = {"order": order, "total": order.total, "notice": "", "gone": False}
    if request.method == "POST":
        try:
            checkout_page.remember(request, order)
            # The buyer agrees to the total that the button showed, and to no other.
            total = request.POST.get("total", "")
            if total.isascii() and total.isdecimal() and len(total) <= len(str(session_params.MAXIMUM_CHARGE)):
                quote_renewal.accept(order, int(total))
            return HttpResponseRedirect(checkout_page.pay_url(order), status=303)
        except sessions.NotPayable as error:
            return redirect(error.order)
        except DeliveryChanged as change:
            context |= _delivery_notice(order, change)
        except NOT_STARTED as error:
            messages.error(request, _not_started_message(error))
    return render(request, "payments/again.html", context)


def _not_started_message(error: Exception) -> str:
    if isinstance(error, sessions.PaidInAnotherTab):
        return str(IN_ANOTHER_TAB)
    return _("Payment cannot be started right now. Nothing was charged.")


def _delivery_notice(order: Order, change: DeliveryChanged) -> dict[str, object]:
    if change.total is None:
        return {"notice": _("Nobody who prints these ships to this address any more."), "gone": True}
    notice = _("Delivery has another price by now: the total is %(total)s instead of %(before)s.")
    totals = {"total": format_money(change.total, order.currency), "before": format_money(order.total, order.currency)}
    return {"notice": notice % totals, "total": change.total}


@never_cache
@limits.ratelimit("30/minute")
def cart_code(request: HttpRequest) -> HttpResponse:
    """Apply the form field `code`, or remove the code with `no_code`. An invalid code shows `code_problem`."""
    cart = carts.view(carts.current(request))
    if request.method != "POST" or not cart.lines:
        return redirect("cart")
    if "no_code" in request.POST:
        coupons.forget(request)
        return redirect("cart")
    try:
        coupons.typed(request, request.POST.get("code", ""), cart.subtotal, cart.currency)
    except coupons.NotValid as error:
        return cart_page(request, status=422, code_problem=str(error))
    return redirect("cart")
