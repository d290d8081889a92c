"""What the checkout page shows, gathered step by step; and the totals it remembers to have shown."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from orders import access, lifecycle, quote
from orders.addresses import Address
from orders.cart import CartView
from orders.lifecycle import CheckoutDetails
from orders.models import Order
from orders.states import OrderState
from payments import checkout, coupons, ledger, settlement

if TYPE_CHECKING:
    from orders.forms import CheckoutForm

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ilytat.integrations import limits
from orders.forms import CheckoutForm

IN_ANOTHER_TAB = gettext_lazy(
    "You're already paying for this cart in another tab or window. Finish there, or try again here."
)
SEEN = "checkout_seen"  # in the session: the totals this buyer was shown, by delivery method


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
        """The things themselves, less what a code takes off."""
        return self.cart.subtotal - (self.offer.discount if self.offer else 0)

    @property
    def total(self) -> int:
        return self.goods + (self.chosen.amount if self.chosen else 0)

    def ask_delivery(self, *, country: str, region: str = "", zip_code: str = "", method: str = "") -> None:
        """Fill in the ways of delivery, the chosen one, or why there are none."""
        self.offer = coupons.current(self.request, self.cart.subtotal, self.cart.currency)
        try:
            client = limits.client_address(self.request)
            found = quote.options(self.cart, country=country, region=region, zip_code=zip_code, client=client)
        except quote.DestinationNotServed:
            self.notice = _("Nobody who prints these ships to this address. Please change the address or the cart.")
            return
        except quote.QuoteUnavailable:
            self.notice = _("Delivery cannot be calculated right now. Your cart is safe; please try again in a minute.")
            return
        self.options = self.offer.ways(found) if self.offer else found
        self.chosen = next((x for x in self.options if x.code == method), self.options[0])

    def is_agreed(self) -> bool:
        """The total is the one this session was shown, and the one in this very tab: another may have asked meanwhile.

        The form's figure can only make us ask once more; what is charged is ours.
        """
        code = self.chosen.code if self.chosen else ""
        shown = self.request.POST.get(f"total_{code}", str(self.total))
        return bool(self.request.session.get(SEEN, {}).get(code) == self.total and shown == str(self.total))

    def render(self, status: int = 200) -> HttpResponse:
        """Remembers, on our side, which totals were shown: only one of them can be agreed to."""
        self.request.session[SEEN] = {x.code: self.goods + x.amount for x in self.options}
        names = ("cart", "form", "options", "chosen", "doubts", "notice", "total", "goods", "offer", "code_problem")
        context: dict[str, Any] = {name: getattr(self, name) for name in names}
        context["taxed"] = settings.STRIPE_AUTOMATIC_TAX
        context["elements"] = settings.STRIPE_UI_MODE == "elements"
        context["offers_reminder"] = settings.ABANDONED_CART_MAIL and context["elements"]
        context["saved"] = saved(self.request)
        return render(self.request, "payments/checkout.html", context, status=status)


MINE = "orders"  # in the session: tokens of the orders placed or paid from this browser, newest last
KEPT = 10


def mine(request: HttpRequest) -> QuerySet[Order]:
    """The orders placed or paid from this browser, oldest first. It proves nothing: see `orders.access`."""
    return Order.objects.filter(token__in=request.session.get(MINE, [])).order_by("placed_at")


def place(
    request: HttpRequest,
    cart: CartView,
    form: "CheckoutForm",
    option: quote.ShippingOption,
    offer: coupons.Offer | None = None,
) -> Order:
    """Commit what was agreed (a valid form, an option of today's quote) as an order of this browser.

    Raises coupons.NotValid when the code can no longer be used, and ledger.MarginTooLow, of which staff are alerted;
    no order is written then.
    """
    agreement = CheckoutDetails(
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
            order = lifecycle.place(agreement)
            if offer:
                coupons.redeem(order, offer.coupon)
            if form.cleaned_data["cart_reminder"] and settings.ABANDONED_CART_MAIL:
                settlement.agree_at_checkout(order, wording=str(form.fields["cart_reminder"].label))
            if order.state == OrderState.AWAITING_PAYMENT:  # else it was placed before, and is shown as it stands
                ledger.require_floor(order)
    except ledger.MarginTooLow as refusal:
        ledger.alert_staff(refusal)  # here, where the rollback does not take the alert with it
        raise
    remember(request, order)
    access.remember(request, order, verified=True)  # whoever typed the address here may change it here for a while
    return order


def remember(request: HttpRequest, order: Order) -> None:
    """This browser may pay it and see how that went."""
    others = [token for token in request.session.get(MINE, []) if token != order.token]
    request.session[MINE] = [*others[1 - KEPT :], order.token]


def pay_url(order: Order) -> str:
    """Return where the buyer pays this order.

    Raises checkout.NotPayable, checkout.PaidInAnotherTab, DeliveryChanged, ledger.MarginTooLow or an IntegrationError.
    """
    checkout.supersede(order)
    session = checkout.start(order)
    if settings.STRIPE_UI_MODE == "elements":
        return reverse("checkout_pay", args=[order.token])
    return session.url


COLUMNS = tuple(Address.__dataclass_fields__)


def saved(request: HttpRequest) -> list[Any]:
    """The account's addresses, the usual one first; by the reverse relation, since accounts stand outside."""
    return list(request.user.addresses.all()) if request.user.is_authenticated else []


def fields(request: HttpRequest, shown: CartView) -> dict[str, Any]:
    """First values of the checkout's fields: the address that was chosen (`?address=`), else the newest we know."""
    email = {"email": getattr(request.user, "email", "")}
    book = saved(request)
    chosen = next((x for x in book if str(x.pk) == request.GET.get("address")), None)
    rows = mine(request).exclude(name="").reverse()
    last = next((order for order in rows if access.knows_email(request, order)), None)  # a link alone shows no address
    if chosen is None and last:
        return {**lifecycle.address_of(last).as_columns(), "email": last.email, "method": last.shipping_method}
    if chosen or book:
        return email | {name: getattr(chosen or book[0], name) for name in COLUMNS}
    country = (shown.cart.country if shown.cart else "") or quote.default_country()
    return email | {"country": country}
