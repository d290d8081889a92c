"""Promotion codes: what one takes off a cart, and who has used it.

An order has one code at most. It takes its use by a guarded UPDATE of the code's counter, in the transaction that
places it, and gives it back when it comes to nothing or changes to another code. Money in minor units.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from limits import parse

from ilytat.integrations import limits
from ilytat.integrations.email import normalized_or_blank
from ilytat.integrations.limits import client_address
from ilytat.pages.money import format_money
from orders.locks import lock_order
from orders.models import Order
from orders.quote import ShippingOption
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

    def ways(self, options: list[ShippingOption]) -> list[ShippingOption]:
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
    if not limits.hit(GUESSES, "coupon", client_address(request)):
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
    """Make this code the order's only one and take one use of it; a code it was placed with before is released.

    Raises NotValid; the caller's transaction then places no order. Locks the order, then the codes: rivals wait, so
    the count of a customer's uses holds.
    """
    with lock_order(order):
        if order.state == OrderState.AWAITING_PAYMENT:  # else Back and Pay again: the use it was paid with stays
            _redeem(order, coupon)


def _redeem(order: Order, coupon: Coupon) -> None:
    replaced = CouponUse.objects.filter(order=order, released_at=None).exclude(coupon=coupon)
    _lock({coupon.pk, *replaced.values_list("coupon_id", flat=True)})
    _release(replaced)
    if CouponUse.objects.filter(coupon=coupon, order=order, released_at=None).exists():
        return
    _release(_earlier_tries(order, coupon))
    if not _count(coupon):
        raise NotValid(_("This code has been used up."))
    key = customer_key(order.email)
    customer = Q(customer_key=key)
    if order.user_id:
        customer |= Q(order__user=order.user_id)
    rows = CouponUse.objects.filter(customer, coupon=coupon, released_at=None).exclude(order=order)
    if coupon.per_customer and rows.count() >= coupon.per_customer:
        raise NotValid(_("This code has been used with this e-mail address already."))
    values: dict[str, Any] = {"email": order.email, "customer_key": key, "amount": order.discount}
    values |= {"at": timezone.now(), "released_at": None}
    CouponUse.objects.update_or_create(coupon=coupon, order=order, defaults=values)


def customer_key(email: str) -> str:
    """Return one key for all addresses of a mailbox: a digest of the normalized address without its +tag.

    Only the limit per customer compares it; whose an order is, is decided by the exact address.
    """
    address = normalized_or_blank(email) or email
    local, _at, domain = address.rpartition("@")
    mailbox = f"{local.partition('+')[0] or local}@{domain}"
    return salted_hmac("coupon customer", mailbox, algorithm="sha256").hexdigest()


def _earlier_tries(order: Order, coupon: Coupon) -> QuerySet[CouponUse]:
    """The same cart with another address is another order; only one of them is paid."""
    uses = CouponUse.objects.filter(coupon=coupon, released_at=None).exclude(order=order)
    return uses.filter(order__in=Order.objects.waiting().filter(cart__isnull=False, cart=order.cart_id))


def _lock(coupon_ids: Iterable[int]) -> None:
    """Lock the codes, always in the same sequence: two orders that swap their codes at once cannot deadlock."""
    list(Coupon.objects.select_for_update(no_key=True).filter(pk__in=coupon_ids).order_by("pk"))


def _count(coupon: Coupon) -> bool:
    free = Coupon.objects.filter(Q(max_uses=None) | Q(used__lt=F("max_uses")), pk=coupon.pk)
    return bool(free.update(used=F("used") + 1))


def _release(uses: QuerySet[CouponUse]) -> None:
    """Give these uses back. The caller has locked their codes."""
    for use in uses:
        if CouponUse.objects.filter(pk=use.pk, released_at=None).update(released_at=timezone.now()):
            Coupon.objects.filter(pk=use.coupon_id, used__gt=0).update(used=F("used") - 1)


@transaction.atomic
def release(order: Order) -> None:
    """The order came to nothing: its use may be taken by another."""
    uses = CouponUse.objects.filter(order=order, released_at=None)
    _lock(uses.values_list("coupon_id", flat=True))
    _release(uses)


@transaction.atomic
def keep(order: Order) -> None:
    """Count the use of an order that is paid after it was released, as far as the code still has uses.

    Of several codes that the order was placed with in turn, only the last one counts.
    """
    uses = CouponUse.objects.filter(order=order)
    _lock(uses.values_list("coupon_id", flat=True))
    if uses.filter(released_at=None).exists():
        return
    use = uses.select_related("coupon").order_by("at", "pk").last()
    if use is None:
        return
    _release(_earlier_tries(order, use.coupon))
    if _count(use.coupon):
        CouponUse.objects.filter(pk=use.pk).update(released_at=None)
