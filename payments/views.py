"""Checkout: one page, then Stripe's, then ours again. Each view's docstring names the context of its template."""

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from catalog import availability
from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.inbox import NotYetKnown
from ilytat.money import written
from orders import addresses, lifecycle, quote
from orders import cart as carts
from orders.cart import CartView
from orders.forms import CheckoutForm
from orders.models import Order
from orders.states import OrderState
from orders.tracking import progress
from payments import checkout as sessions
from payments import gateway, settlement

MINE = "orders"  # in the session: tokens of the orders placed from this browser, newest last
SEEN = "checkout_seen"  # in the session: the totals this buyer was shown, by delivery method
SESSION_ID = re.compile(r"cs_[A-Za-z0-9_]{8,120}")


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
        context = {name: getattr(self, name) for name in names}
        return render(self.request, "payments/checkout.html", context, status=status)


@never_cache
def checkout(request: HttpRequest) -> HttpResponse:
    """`cart` (CartView), `form` (CheckoutForm), `options` (quote.Option list, [] when shipping cannot be told),
    `chosen` (one of them or None), `doubts` (sentences about the address), `notice` (a sentence), `total`.
    """
    shown = carts.view(carts.current(request))
    if not shown.buyable:
        return _no_cart(request)
    if request.method == "POST":
        return _ordered(request, shown)
    page = Page(request, shown, CheckoutForm(initial=_known(request, shown)), [], None, [])
    _quote(page, country=page.form.initial["country"])
    return page.render()


def _no_cart(request: HttpRequest) -> HttpResponse:
    """An empty cart right after an order is a press of Back: show the order instead."""
    last = _mine(request).last()
    if last and not carts.view(carts.current(request)).lines and last.state != OrderState.EXPIRED:
        return redirect(last)
    return redirect("cart")


def _known(request: HttpRequest, shown: CartView) -> dict[str, Any]:
    """What this browser told us before: coming back from Stripe must not mean typing it all again."""
    last = _mine(request).last()
    country = (shown.cart.country if shown.cart else "") or quote.default_country()
    if last is None:
        return {"country": country, "email": getattr(request.user, "email", "")}
    return {**lifecycle.address_of(last).as_columns(), "email": last.email, "method": last.shipping_method}


def _mine(request: HttpRequest) -> Any:
    return Order.objects.filter(token__in=request.session.get(MINE, [])).order_by("placed_at")


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
    availability.ensure_fresh([line.product.pk for line in shown.lines])
    shown = carts.view(shown.cart)
    if not shown.buyable:
        return redirect("cart")
    page = Page(request, shown, CheckoutForm(request.POST), [], None, [])
    if not page.form.is_valid():
        _quote(page, country=_country(page.form))
        return page.render(status=422)
    address = page.form.address()
    method = page.form.cleaned_data["method"]
    _quote(page, country=address.country, region=address.region, zip_code=address.zip, method=method)
    if page.chosen is None:
        return page.render(status=503)
    page.doubts = [] if "keep_address" in request.POST else addresses.doubts(address)
    page.notice = _news(page)
    if page.doubts or page.notice or request.POST.get("action") == "quote":
        return page.render()
    return _pay(page, address)


def _country(form: CheckoutForm) -> str:
    return form.cleaned_data.get("country") or quote.default_country()


def _news(page: Page) -> str:
    """What changed since the buyer last looked; it takes a second press to agree to it."""
    assert page.chosen is not None  # noqa: S101 (the caller looked; this tells the type checker)
    if page.cart.price_changes:
        carts.accept_prices(page.cart)
        return _("A price has changed since you put it in the cart. Please look at the new total.")
    seen = page.request.session.get(SEEN, {}).get(page.chosen.code)
    if seen != page.total:
        return _("With this address and delivery the total is %(total)s.") % {
            "total": written(page.total, page.cart.currency)
        }
    if not sessions.chargeable(page.total, page.cart.currency):
        return _("This total cannot be paid by card. Please change the cart.")
    return ""


def _pay(page: Page, address: addresses.Address) -> HttpResponse:
    assert page.chosen is not None  # noqa: S101 (as above)
    deal = lifecycle.Deal(
        cart=page.cart,
        email=page.form.cleaned_data["email"],
        address=address,
        method=page.chosen.code,
        shipping=page.chosen.amount,
        arrives_from=page.chosen.first,
        arrives_until=page.chosen.last,
        language=get_language() or "en",
        user_id=page.request.user.pk,
    )
    order = lifecycle.place(deal)
    _remember(page.request, order)
    try:
        return HttpResponseRedirect(pay_url(order), status=303)
    except sessions.NotPayable:
        return redirect(order)
    except IntegrationError:
        page.notice = _("Payment cannot be started right now. Nothing was charged; please try again in a minute.")
        return page.render(status=503)


def pay_url(order: Order) -> str:
    """Where the buyer pays this order. Raises NotPayable or an IntegrationError."""
    sessions.supersede(order)
    session = sessions.start(order)
    if settings.STRIPE_UI_MODE == "elements":
        return reverse("checkout_pay", args=[order.token])
    return session.url


def _remember(request: HttpRequest, order: Order) -> None:
    tokens = [token for token in request.session.get(MINE, []) if token != order.token]
    request.session[MINE] = [*tokens[-9:], order.token]


@never_cache
def checkout_pay(request: HttpRequest, token: str) -> HttpResponse:
    """`order`, `client_secret`, `public_key`, `stripe_js`: Stripe's Payment Element on our page."""
    order = _mine(request).filter(token=token).first()
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
    """`status` (paid, confirming, unpaid, unknown); with an order of this browser also the order page's context."""
    order = order_of_session(request, request.GET.get("session_id", ""))
    if order is None:
        return render(request, "payments/success.html", {"status": "unknown"})
    status = truth(order)
    return render(request, "payments/success.html", {"status": status} | progress(order))


def order_of_session(request: HttpRequest, session_id: str) -> Order | None:
    """The order of this browser that the session is for. A stranger's id finds nothing and asks nobody."""
    if not SESSION_ID.fullmatch(session_id):
        return None
    found: Order | None = _mine(request).filter(sessions__stripe_session_id=session_id).first()
    return found or _mine(request).filter(sessions__state="creating").last()


def truth(order: Order) -> str:
    """How paying stands. Reads through to Stripe while we have not heard; settling is the webhook's own function."""
    row = order.sessions.exclude(stripe_session_id=None).first()
    if order.state == OrderState.AWAITING_PAYMENT and row is not None:
        try:
            facts = gateway.session(str(row.stripe_session_id))
            with transaction.atomic():
                settlement.settle(facts, who="success page")
        except (IntegrationError, NotYetKnown):
            return "confirming"
        order.refresh_from_db()
        if order.state == OrderState.AWAITING_PAYMENT:
            return "confirming" if facts.status == "complete" else "unpaid"
    if order.state in {OrderState.PAID, OrderState.ATTENTION}:
        return "paid"
    return "unpaid"
