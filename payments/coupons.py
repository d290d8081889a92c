"""Promotion codes: what one takes off a cart, and who has used it.

An order takes its use by a guarded UPDATE of the code's counter, in the transaction that places it, and gives it back
when it comes to nothing. Money in minor units.
"""

from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from limits import parse

from ilytat.display.money import format_money
from ilytat.integrations import rate_counters
from ilytat.integrations.throttle import client_address
from orders.models import Order
from orders.quote import Option
from orders.states import OrderState
from payments.models import Coupon, CouponUse

SESSION_KEY = "coupon"
GUESSES = parse("10/10 minute")  # by one address: codes are short words


class NotValid(Exception):
    """The code takes nothing off this cart; the words say why, without telling which codes there are."""


@dataclass(frozen=True)
class Offer:
    coupon: Coupon
    discount: int

    def ways(self, options: list[Option]) -> list[Option]:
        """With free delivery the cheapest way costs nothing, and the others cost that much less."""
        if not self.coupon.free_shipping or not options:
            return options
        saved = min(option.amount for option in options)
        return [replace(option, amount=option.amount - saved) for option in options]


def current(request: HttpRequest, subtotal: int, currency: str) -> Offer | None:
    """What the code that this browser typed takes off now; None without one, or when it no longer counts."""
    code = request.session.get(SESSION_KEY, "")
    try:
        return offer(code, subtotal, currency) if code else None
    except NotValid:
        return None


def typed(request: HttpRequest, code: str, subtotal: int, currency: str) -> Offer:
    """A try at a code. Raises NotValid, after too many tries as well, whatever was typed."""
    if not rate_counters.hit(GUESSES, "coupon", client_address(request)):
        raise NotValid(_("Too many codes were tried. Please wait some minutes."))
    found = offer(code, subtotal, currency)
    request.session[SESSION_KEY] = found.coupon.code
    return found


def forget(request: HttpRequest) -> None:
    request.session.pop(SESSION_KEY, None)


def offer(code: str, subtotal: int, currency: str) -> Offer:
    now = timezone.now()
    open_ones = Coupon.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), active=True, starts_at__lte=now)
    free = open_ones.filter(Q(max_uses=None) | Q(used__lt=F("max_uses")))
    coupon = free.filter(code=code.strip().upper()[:40]).first() if "\0" not in code else None
    if coupon is None:
        raise NotValid(_("This code is not valid."))
    if subtotal < coupon.min_subtotal:
        least = format_money(coupon.min_subtotal, currency)
        raise NotValid(_("This code needs items for %(least)s or more.") % {"least": least})
    return Offer(coupon, _off(coupon, subtotal))


def _off(coupon: Coupon, subtotal: int) -> int:
    """Never more than the goods; half a unit goes to the buyer."""
    if coupon.kind == "percent":
        return (subtotal * coupon.value + 50) // 100
    return min(coupon.value, subtotal)


def redeem(order: Order, coupon: Coupon) -> None:
    """Take one use for this order. Raises NotValid; the caller's transaction then places no order.

    The counter's UPDATE comes first: it makes rivals wait, so that the count of a customer's uses holds.
    """
    if CouponUse.objects.filter(coupon=coupon, order=order, released_at=None).exists():
        return
    _let_go_of_earlier_tries(order, coupon)
    if not _count(coupon):
        raise NotValid(_("This code has been used up."))
    rows = CouponUse.objects.filter(coupon=coupon, email=order.email, released_at=None).exclude(order=order)
    if coupon.per_customer and rows.count() >= coupon.per_customer:
        raise NotValid(_("This code has been used with this e-mail address already."))
    values: dict[str, Any] = {"email": order.email, "amount": order.discount, "released_at": None}
    CouponUse.objects.update_or_create(coupon=coupon, order=order, defaults=values)


def _let_go_of_earlier_tries(order: Order, coupon: Coupon) -> None:
    """The same cart with another address is another order; only one of them is paid."""
    if order.cart_id is None:
        return
    tries = Order.objects.filter(cart_id=order.cart_id, state=OrderState.AWAITING_PAYMENT, coupon_uses__coupon=coupon)
    for earlier in tries.exclude(pk=order.pk):
        release(earlier)


def _count(coupon: Coupon) -> bool:
    free = Coupon.objects.filter(Q(max_uses=None) | Q(used__lt=F("max_uses")), pk=coupon.pk)
    return bool(free.update(used=F("used") + 1))


def release(order: Order) -> None:
    """The order came to nothing: its use may be taken by another."""
    for use in CouponUse.objects.filter(order=order, released_at=None):
        if CouponUse.objects.filter(pk=use.pk, released_at=None).update(released_at=timezone.now()):
            Coupon.objects.filter(pk=use.coupon_id, used__gt=0).update(used=F("used") - 1)


def keep(order: Order) -> None:
    """Paid after its use was given back: it counts again, as far as the code still has uses."""
    for use in CouponUse.objects.filter(order=order, released_at__isnull=False).select_related("coupon"):
        with transaction.atomic():
            if _count(use.coupon):
                CouponUse.objects.filter(pk=use.pk).update(released_at=None)
