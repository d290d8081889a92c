"""The checkout page: its contents, the totals it has shown, and the step from its form to a payment page.

A buyer agrees only to a total that this page has shown them. `views` and `api` both end in `place_and_start_payment`.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from catalog import availability
from ilytat.integrations import limits
from orders import access, lifecycle, quote
from orders import cart as carts
from orders.addresses import Address
from orders.cart import CartView
from orders.forms import CheckoutForm
from orders.lifecycle import CheckoutDetails
from orders.models import Order
from orders.states import OrderState
from payments import checkout, coupons, ledger, settlement

IN_ANOTHER_TAB = gettext_lazy(
    "You're already paying for this cart in another tab or window. Finish there, or try again here."
)
SEEN = "checkout_seen"  # session key: the totals this buyer was shown, by shipping method
MINE = "orders"  # session key: tokens of the orders placed or paid from this browser, newest last
MAX_REMEMBERED_ORDERS = 10
ADDRESS_FIELDS = tuple(Address.__dataclass_fields__)


@dataclass
class CheckoutPage:
    request: HttpRequest
    cart: CartView
    form: CheckoutForm
    options: list[quote.ShippingOption]
    chosen: quote.ShippingOption | None
    doubts: list[str]
    notice: str = ""
    offer: coupons.Offer | None = None
    code_problem: str = ""

    @property
    def goods(self) -> int:
        """The price of the items, less the discount of a code."""
        return self.cart.subtotal - (self.offer.discount if self.offer else 0)

    @property
    def total(self) -> int:
        return self.goods + (self.chosen.amount if self.chosen else 0)

    def ask_delivery(self, *, country: str, region: str = "", zip_code: str = "", method: str = "") -> None:
        """Set the shipping options and the chosen one; without options, `notice` says why."""
        self.offer = coupons.current(self.request, self.cart.subtotal, self.cart.currency)
        try:
            client = limits.client_address(self.request)
            options = quote.options(self.cart, country=country, region=region, zip_code=zip_code, client=client)
        except quote.DestinationNotServed:
            self.notice = _("Nobody who prints these ships to this address. Please change the address or the cart.")
            return
        except quote.QuoteUnavailable:
            self.notice = _("Delivery cannot be calculated right now. Your cart is safe; please try again in a minute.")
            return
        self.options = self.offer.ways(options) if self.offer else options
        self.chosen = next((option for option in self.options if option.code == method), self.options[0])

    def is_agreed(self) -> bool:
        """Return whether the buyer has seen the current total, in this session and in this tab."""
        # Another tab may have shown another total since. The total in the form can only make us ask again: what is
        # charged is computed here.
        code = self.chosen.code if self.chosen else ""
        shown = self.request.POST.get(f"total_{code}", str(self.total))
        return bool(self.request.session.get(SEEN, {}).get(code) == self.total and shown == str(self.total))

    def render(self, status: int = 200) -> HttpResponse:
        # Kept on the server: the buyer can only agree to one of these totals.
        self.request.session[SEEN] = {option.code: self.goods + option.amount for option in self.options}
        names = ("cart", "form", "options", "chosen", "doubts", "notice", "total", "goods", "offer", "code_problem")
        context: dict[str, Any] = {name: getattr(self, name) for name in names}
        context["taxed"] = settings.STRIPE_AUTOMATIC_TAX
        context["elements"] = settings.STRIPE_UI_MODE == "elements"
        context["offers_reminder"] = settings.ABANDONED_CART_MAIL and context["elements"]
        context["saved"] = saved_addresses(self.request)
        return render(self.request, "payments/checkout.html", context, status=status)


def orders_of_browser(request: HttpRequest) -> QuerySet[Order]:
    """Return the orders placed or paid from this browser, oldest first. It proves nothing: see `orders.access`."""
    return Order.objects.filter(token__in=request.session.get(MINE, [])).order_by("placed_at")


def refresh_cart(cart: CartView, *, before_charge: bool) -> tuple[CartView, bool]:
    """Refresh the stock of everything in the cart. Return the cart as it is now, and whether that failed."""
    is_stale = bool(availability.ensure_fresh([line.product.pk for line in cart.lines], before_charge=before_charge))
    return carts.view(cart.cart), is_stale


def place_and_start_payment(
    request: HttpRequest,
    cart: CartView,
    form: CheckoutForm,
    option: quote.ShippingOption,
    offer: coupons.Offer | None = None,
) -> tuple[Order, str]:
    """Place the order and return it with the URL where the buyer pays it. Raises as `place` and `pay_url` do."""
    order = place(request, cart, form, option, offer)
    return order, pay_url(order)


def place(
    request: HttpRequest,
    cart: CartView,
    form: CheckoutForm,
    option: quote.ShippingOption,
    offer: coupons.Offer | None = None,
) -> Order:
    """Commit what was agreed (a valid form, an option of today's quote) as an order of this browser.

    Raises coupons.NotValid when the code can no longer be used, and ledger.MarginTooLow after alerting staff. No order
    is written then.
    """
    details = CheckoutDetails(
        cart=cart,
        email=form.cleaned_data["email"],
        address=form.address(),
        method=option.code,
        shipping=option.amount,
        arrives_from=option.earliest,
        arrives_until=option.latest,
        quote=option.as_agreed(),
        language=get_language() or "en",
        user_id=request.user.pk,
        discount=offer.discount if offer else 0,
    )
    try:
        with transaction.atomic():
            order = lifecycle.place(details)
            if offer:
                coupons.redeem(order, offer.coupon)
            if form.cleaned_data["cart_reminder"] and settings.ABANDONED_CART_MAIL:
                settlement.agree_at_checkout(order, wording=str(form.fields["cart_reminder"].label))
            if order.state == OrderState.AWAITING_PAYMENT:  # else it was placed before, and is shown as it is
                ledger.require_floor(order)
    except ledger.MarginTooLow as refusal:
        ledger.alert_staff(refusal)  # here, where the rollback does not take the alert with it
        raise
    remember(request, order)
    access.remember(request, order, verified=True)  # they have just typed its email address
    return order


def remember(request: HttpRequest, order: Order) -> None:
    """Let this browser pay the order and see the result."""
    tokens = [token for token in request.session.get(MINE, []) if token != order.token]
    request.session[MINE] = [*tokens[1 - MAX_REMEMBERED_ORDERS :], order.token]


def pay_url(order: Order) -> str:
    """Return where the buyer pays this order.

    Raises checkout.NotPayable, checkout.PaidInAnotherTab, DeliveryChanged, ledger.MarginTooLow or an IntegrationError.
    """
    checkout.supersede(order)
    session = checkout.start(order)
    if settings.STRIPE_UI_MODE == "elements":
        return reverse("checkout_pay", args=[order.token])
    return session.url


def saved_addresses(request: HttpRequest) -> list[Any]:
    """Return the account's addresses, the default first."""
    # By the reverse relation: payments may not import accounts.
    return list(request.user.addresses.all()) if request.user.is_authenticated else []


def initial_values(request: HttpRequest, cart: CartView) -> dict[str, Any]:
    """Return the first values of the form: the address chosen with `?address=`, else the newest one known."""
    email = {"email": getattr(request.user, "email", "")}
    addresses = saved_addresses(request)
    chosen = next((address for address in addresses if str(address.pk) == request.GET.get("address")), None)
    # Having the link to an order is not enough to see its address.
    earlier_orders = orders_of_browser(request).exclude(name="").reverse()
    last = next((order for order in earlier_orders if access.knows_email(request, order)), None)
    if chosen is None and last:
        return {**lifecycle.address_of(last).as_columns(), "email": last.email, "method": last.shipping_method}
    if chosen or addresses:
        return email | {name: getattr(chosen or addresses[0], name) for name in ADDRESS_FIELDS}
    country = (cart.cart.country if cart.cart else "") or quote.default_country()
    return email | {"country": country}
