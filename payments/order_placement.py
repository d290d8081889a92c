"""From an agreed cart to the page where it is paid: used by the checkout page and the JSON route alike."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from orders import identity, lifecycle, quote
from orders.agreement import Agreement
from orders.cart import CartView
from orders.models import Order
from orders.states import OrderState
from payments import abandoned, checkout, coupons, margins

if TYPE_CHECKING:
    from orders.forms import CheckoutForm

MINE = "orders"  # in the session: tokens of the orders placed or paid from this browser, newest last
KEPT = 10


def mine(request: HttpRequest) -> QuerySet[Order]:
    """The orders placed or paid from this browser, oldest first. It proves nothing: see `orders.identity`."""
    return Order.objects.filter(token__in=request.session.get(MINE, [])).order_by("placed_at")


def place(
    request: HttpRequest, cart: CartView, form: "CheckoutForm", option: quote.Option, offer: coupons.Offer | None = None
) -> Order:
    """Commit what was agreed (a valid form, an option of today's quote) as an order of this browser.

    Raises coupons.NotValid when the code can no longer be used, and margins.BelowFloor, of which staff are alerted;
    no order is written then.
    """
    agreement = Agreement(
        cart=cart,
        email=form.cleaned_data["email"],
        address=form.address(),
        method=option.code,
        shipping=option.amount,
        arrives_from=option.first,
        arrives_until=option.last,
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
                abandoned.agree_at_checkout(order, wording=str(form.fields["cart_reminder"].label))
            if order.state == OrderState.AWAITING_PAYMENT:  # else it was placed before, and is shown as it stands
                margins.require_floor(order)
    except margins.BelowFloor as refusal:
        margins.alert_staff(refusal)  # here, where the rollback does not take the alert with it
        raise
    remember(request, order)
    identity.remember(request, order, verified=True)  # whoever typed the address here may change it here for a while
    return order


def remember(request: HttpRequest, order: Order) -> None:
    """This browser may pay it and see how that went."""
    others = [token for token in request.session.get(MINE, []) if token != order.token]
    request.session[MINE] = [*others[1 - KEPT :], order.token]


def pay_url(order: Order) -> str:
    """Return where the buyer pays this order.

    Raises checkout.NotPayable, checkout.PaidInAnotherTab, DeliveryChanged, margins.BelowFloor or an IntegrationError.
    """
    checkout.supersede(order)
    session = checkout.start(order)
    if settings.STRIPE_UI_MODE == "elements":
        return reverse("checkout_pay", args=[order.token])
    return session.url
