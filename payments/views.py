"""Checkout: one page, then Stripe's, then ours again. Each view's docstring names the context of its template."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from catalog import availability
from ilytat.display.money import written
from ilytat.integrations import throttle
from ilytat.integrations.errors import IntegrationError
from orders import addresses, quote
from orders import cart as carts
from orders.cart import CartView
from orders.forms import CheckoutForm
from orders.states import OrderState
from orders.tracking import masked, progress
from payments import buying, known, truth
from payments import checkout as sessions

SEEN = "checkout_seen"  # in the session: the totals this buyer was shown, by delivery method


@dataclass
class Page:
    """What the checkout page shows, gathered step by step."""

    request: HttpRequest
    cart: CartView
    form: CheckoutForm
    options: list[quote.Option]
    chosen: quote.Option | None
    doubts: list[str]
    notice: str = ""

    @property
    def total(self) -> int:
        return self.cart.subtotal + (self.chosen.amount if self.chosen else 0)

    def render(self, status: int = 200) -> HttpResponse:
        """Remembers, on our side, which totals were shown: only one of them can be agreed to."""
        self.request.session[SEEN] = {x.code: self.cart.subtotal + x.amount for x in self.options}
        names = ("cart", "form", "options", "chosen", "doubts", "notice", "total")
        context: dict[str, Any] = {name: getattr(self, name) for name in names}
        context["taxed"] = settings.STRIPE_AUTOMATIC_TAX
        context["saved"] = known.saved(self.request)
        context["elements"] = settings.STRIPE_UI_MODE == "elements"
        return render(self.request, "payments/checkout.html", context, status=status)


@never_cache
@throttle.posts("30/minute")
def checkout(request: HttpRequest) -> HttpResponse:
    """`cart` (CartView), `form` (CheckoutForm), `options` (quote.Option list, [] when shipping cannot be told),
    `chosen` (one of them or None), `doubts` (sentences about the address), `notice` (a sentence), `total`,
    `taxed` (Stripe adds tax), `elements` (paying happens on our page).
    """
    shown = carts.view(carts.current(request))
    if not shown.buyable:
        return _no_cart(request)
    if request.method == "POST":
        return _ordered(request, shown)
    first = known.fields(request, shown)
    page = Page(request, shown, CheckoutForm(initial=first), [], None, [])
    _quote(page, country=first["country"], method=first.get("method", ""))
    return page.render()


def _no_cart(request: HttpRequest) -> HttpResponse:
    """An empty cart right after an order is a press of Back: show the order instead."""
    last = buying.mine(request).last()
    if last and not carts.view(carts.current(request)).lines and last.state != OrderState.EXPIRED:
        return redirect(last)
    return redirect("cart")


def _quote(page: Page, *, country: str, region: str = "", zip_code: str = "", method: str = "") -> None:
    try:
        page.options = quote.options(page.cart, country=country, region=region, zip_code=zip_code)
    except quote.NotServed:
        page.notice = _("Nobody who prints these ships to this address. Please change the address or the cart.")
        return
    except quote.NoQuote:
        page.notice = _("Delivery cannot be calculated right now. Your cart is safe; please try again in a minute.")
        return
    page.chosen = next((x for x in page.options if x.code == method), page.options[0])


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
    page = Page(request, shown, CheckoutForm(request.POST), [], None, [])
    valid = page.form.is_valid()
    address, method = page.form.address(), page.form.cleaned_data.get("method", "")
    country = address.country or quote.default_country()
    _quote(page, country=country, region=address.region, zip_code=address.zip, method=method)
    if request.POST.get("action") == "quote":
        return _quoted(page)
    if not valid:
        return page.render(status=422)
    if page.chosen is None:
        return page.render(status=503)
    page.doubts = [] if "keep_address" in request.POST else addresses.doubts(address)
    page.notice = _news(page)
    return page.render() if page.doubts or page.notice else _pay(page)


def _quoted(page: Page) -> HttpResponse:
    """Only the price of delivery was asked for: what is not filled in yet is no mistake yet.

    News of prices waits for the press that would agree to them: the answer to this may be looked at only in part.
    """
    page.form = CheckoutForm(initial=page.request.POST.dict())
    return page.render(status=200 if page.chosen else 503)


def _news(page: Page) -> str:
    """What changed since the buyer last looked; it takes a second press to agree to it."""
    if page.cart.price_changes:
        carts.accept_prices(page.cart)
        return _("A price has changed since you put it in the cart. Please look at the new total.")
    asked = page.form.cleaned_data["method"]
    if page.chosen and asked and asked != page.chosen.code:
        return _("That way of delivery is not offered any more. Please choose again.")
    if not _is_agreed(page):
        return _("With this address and delivery the total is %(total)s.") % {
            "total": written(page.total, page.cart.currency)
        }
    if not sessions.chargeable(page.total, page.cart.currency):
        return _("This total cannot be paid by card. Please change the cart.")
    return ""


def _is_agreed(page: Page) -> bool:
    """The total is the one this session was shown, and the one in this very tab: another may have asked meanwhile.

    The form's figure can only make us ask once more; what is charged is ours.
    """
    code = page.chosen.code if page.chosen else ""
    shown = page.request.POST.get(f"total_{code}", str(page.total))
    return bool(page.request.session.get(SEEN, {}).get(code) == page.total and shown == str(page.total))


def _pay(page: Page) -> HttpResponse:
    assert page.chosen is not None  # noqa: S101 (as above)
    order = buying.place(page.request, page.cart, page.form, page.chosen)
    try:
        return HttpResponseRedirect(buying.pay_url(order), status=303)
    except sessions.NotPayable as past:
        return redirect(past.order)
    except IntegrationError:
        page.notice = _("Payment cannot be started right now. Nothing was charged; please try again in a minute.")
        return page.render(status=503)


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
def checkout_pay(request: HttpRequest, token: str) -> HttpResponse:
    """`order`, `client_secret`, `public_key`, `stripe_js`: Stripe's Payment Element on our page."""
    order = buying.mine(request).filter(token=token).prefetch_related("lines__product").first()
    if order is None or settings.STRIPE_UI_MODE != "elements":
        raise Http404
    try:
        session = sessions.start(order)
    except sessions.NotPayable:
        return redirect(order)
    except IntegrationError:
        messages.error(request, _("Payment cannot be started right now. Nothing was charged."))
        return redirect("cart")
    secret = getattr(session, "client_secret", "")
    keys = {"public_key": settings.STRIPE_PUBLIC_KEY, "stripe_js": settings.STRIPE_JS_URL}
    return render(request, "payments/pay.html", {"order": order, "client_secret": secret} | keys)


@never_cache
def checkout_success(request: HttpRequest) -> HttpResponse:
    """`status` (paid, confirming, unpaid, unknown); with an order of this browser also the order page's context and
    `masked_email`.
    """
    session_id = request.GET.get("session_id", "")
    order = truth.order_of_session(request, session_id)
    if order is None:
        return render(request, "payments/success.html", {"status": "unknown"})
    status = truth.status(order, session_id)
    if order.state == OrderState.CANCELED:
        return redirect(order)  # a bookmark, opened later: "not paid" would be wrong
    context = {"status": status, "masked_email": masked(order.email)} | progress(order)
    return render(request, "payments/success.html", context)
