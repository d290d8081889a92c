"""From an order to a Stripe Checkout Session: one open at most, the same for a double click, built from the snapshot.

The row is committed before the call and carries the idempotency key and everything the parameters depend on, so that
a retry after a lost answer sends the very same request.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from ilytat.display.money import exponent
from ilytat.integrations.errors import IntegrationError, Refused
from orders import lifecycle
from orders.models import Order
from orders.states import OrderState
from payments import coupons, gateway, margins, settlement
from payments.facts import SessionFacts
from payments.models import CheckoutSession

OPEN = ("creating", "open")
STRIPE_MIN_MINUTES = 30
INVALID, ABSENT = 400, 404
SHIPPING_TAX_CODE = "txcd_92010001"
MINIMUM_CHARGE = {"USD": 50, "CAD": 50, "EUR": 50, "GBP": 30, "JPY": 50}  # Stripe contract, section 8
MAXIMUM_CHARGE = 99_999_999


class NotPayable(Exception):
    """`order` is past paying (it may be another of the same cart): show it instead."""

    def __init__(self, order: Order) -> None:
        super().__init__(order.state)
        self.order = order


def start(order: Order) -> SessionFacts | CheckoutSession:
    """The open session of the order, made if need be. Raises NotPayable, BelowFloor or an IntegrationError."""
    if order.state != OrderState.AWAITING_PAYMENT:
        raise NotPayable(order)
    margins.check(order)
    row = _open_row(order)
    if row.stripe_session_id and mode(row) == "hosted_page":
        return row
    try:
        facts = _create(order, row)
    except IntegrationError as error:
        return _another_way(order, row, error)
    CheckoutSession.objects.filter(pk=row.pk, state__in=OPEN).update(
        stripe_session_id=facts.id, url=facts.url, state="open"
    )
    return facts


def _create(order: Order, row: CheckoutSession) -> SessionFacts:
    if order.discount:
        gateway.create_coupon(coupon_name(order), order.discount, order.currency, key=f"coupon-{order.number}")
    return gateway.create_session(params(order, row), key=row.idempotency_key)


def coupon_name(order: Order) -> str:
    """Stripe's coupon of exactly this order's discount."""
    return f"order-{order.number}"


def _another_way(order: Order, row: CheckoutSession, error: IntegrationError) -> SessionFacts | CheckoutSession:
    """The page that a twin of this request was given meanwhile; else, for an older attempt that Stripe cannot make
    any more (too little of its time is left), a new attempt. Raises `error` when there is neither.
    """
    row.refresh_from_db()
    if row.stripe_session_id and mode(row) == "hosted_page":
        return row
    if _means(error, INVALID) and row.stripe_session_id is None:
        CheckoutSession.objects.filter(pk=row.pk, stripe_session_id=None).update(state="expired")
        if row.created_at < timezone.now() - timedelta(minutes=1):
            return start(order)
    raise error


def _means(error: IntegrationError, status: int) -> bool:
    return isinstance(error, Refused) and error.status == status


def mode(row: CheckoutSession) -> str:
    return row.ui_mode or str(settings.STRIPE_UI_MODE)


def start_hosted(order: Order) -> str:
    """Stripe's own page, for a browser that our form with Stripe's script does not work in. Raises as `start` does.

    The attempt that is open is closed first; should it have been paid, it is settled, and NotPayable raised.
    """
    row = order.sessions.filter(state__in=OPEN).first()
    if row and mode(row) != "hosted_page":
        facts = _closed(row.stripe_session_id) if row.stripe_session_id else None
        if facts and facts.status != "expired":
            with transaction.atomic():
                settlement.settle(facts, who="checkout")
            order.refresh_from_db()
            raise NotPayable(order)
        with transaction.atomic():
            CheckoutSession.objects.filter(pk=row.pk).update(state="expired")
            _fresh_row(order, "hosted_page")
    return start(order).url


def _open_row(order: Order) -> CheckoutSession:
    row = order.sessions.filter(state__in=OPEN).first()
    if row and row.expires_at > timezone.now() + timedelta(minutes=1):
        return row
    if row:
        CheckoutSession.objects.filter(pk=row.pk).update(state="expired")
    return _fresh_row(order)


def _fresh_row(order: Order, ui_mode: str = "") -> CheckoutSession:
    attempt = (order.sessions.aggregate(last=Max("attempt"))["last"] or 0) + 1
    try:
        with transaction.atomic():
            return CheckoutSession.objects.create(
                order=order,
                attempt=attempt,
                ui_mode=ui_mode,
                idempotency_key=f"checkout-{order.number}-{attempt}",
                expires_at=timezone.now() + timedelta(minutes=max(settings.SESSION_MINUTES, STRIPE_MIN_MINUTES + 1)),
            )
    except IntegrityError:  # a twin of this request was first: its row is ours too
        return order.sessions.get(state__in=OPEN)


def params(order: Order, row: CheckoutSession) -> dict[str, Any]:
    """What Stripe is asked for (Stripe contract, section 3). Every amount comes from the order's snapshot."""
    reference = {"order": order.number}
    built: dict[str, Any] = {
        "mode": "payment",
        "ui_mode": mode(row),
        "line_items": [_line_item(order, line) for line in order.lines.all()],
        "client_reference_id": order.number,
        "metadata": {**reference, "attempt": str(row.attempt)},
        "payment_intent_data": {
            "metadata": reference,
            "description": f"Order {order.number}",
            "shipping": {"name": order.name, "address": _address(order)},
        },
        "customer_email": order.email,
        "shipping_options": [_shipping_option(order)],
        "locale": order.language,
        "expires_at": int(row.expires_at.timestamp()),
        "adaptive_pricing": {"enabled": False},
    }
    if settings.STRIPE_AUTOMATIC_TAX:
        built["automatic_tax"] = {"enabled": True}
    return built | _discount(order) | _ways_back(mode(row)) | _reminder(mode(row))


def _discount(order: Order) -> dict[str, Any]:
    """Ours, or the codes of Stripe's dashboard where the owner wishes: Stripe takes one of the two."""
    if order.discount:
        return {"discounts": [{"coupon": coupon_name(order)}]}
    return {"allow_promotion_codes": True} if settings.STRIPE_PROMOTION_CODES else {}


def _reminder(ui_mode: str) -> dict[str, Any]:
    """Of a cart left behind: a way back, and the question whether we may write. Elements has neither."""
    if not settings.ABANDONED_CART_MAIL or ui_mode == "elements":
        return {}
    return {
        "after_expiration": {"recovery": {"enabled": True, "allow_promotion_codes": False}},
        "consent_collection": {"promotions": "auto"},
    }


def _ways_back(ui_mode: str) -> dict[str, str]:
    # Literal braces: Stripe puts the session's id there, and an encoded brace would stay as it is.
    success = f"{settings.SITE_URL}/checkout/success/?session_id={{CHECKOUT_SESSION_ID}}"
    if ui_mode == "elements":
        return {"return_url": success}
    return {"success_url": success, "cancel_url": f"{settings.SITE_URL}/cart/"}


def _line_item(order: Order, line: Any) -> dict[str, Any]:
    product = {"name": line.title[:250], "metadata": {"line": str(line.pk)}}
    if line.label:
        product["description"] = line.label
    price = {"currency": order.currency.lower(), "unit_amount": line.unit_price, "product_data": product}
    return {"quantity": line.quantity, "price_data": price}


def _shipping_option(order: Order) -> dict[str, Any]:
    rate = {
        "type": "fixed_amount",
        "display_name": order.shipping_method.replace("_", " ").capitalize(),
        "fixed_amount": {"amount": order.shipping, "currency": order.currency.lower()},
        "tax_code": SHIPPING_TAX_CODE,
    }
    return {"shipping_rate_data": rate}


def _address(order: Order) -> dict[str, str]:
    given = {
        "line1": order.address1,
        "line2": order.address2,
        "city": order.city,
        "state": order.region,
        "postal_code": order.zip,
        "country": order.country,
    }
    return {name: value for name, value in given.items() if value}


def chargeable(total: int, currency: str, *, discount: int = 0) -> bool:
    """Stripe takes no less than its minimum and no more than eight digits; nothing at all only by a discount."""
    if total == 0:
        return discount > 0
    least = MINIMUM_CHARGE.get(currency, 50 if exponent(currency) else 1)
    return least <= total <= MAXIMUM_CHARGE


def supersede(order: Order) -> None:
    """The same cart was ordered before with other details and not paid: close that first.

    Raises NotPayable when it turns out to be paid, and an IntegrationError when Stripe cannot say whether it is
    closed: then no second way to pay is opened.
    """
    if order.cart_id is None:
        return
    rivals = CheckoutSession.objects.filter(order__cart_id=order.cart_id, state__in=OPEN).exclude(order=order)
    for row in rivals.select_related("order"):
        close(row)
        row.order.refresh_from_db()
        if row.order.state == OrderState.PAID:
            raise NotPayable(row.order)


def close(row: CheckoutSession) -> None:
    """Make sure that the session can no longer be paid; if it was paid in time, settle it instead."""
    session_id = row.stripe_session_id or _discovered(row)
    facts = _closed(session_id) if session_id else None
    with transaction.atomic():
        if facts:
            settlement.settle(facts, who="checkout")
        else:
            CheckoutSession.objects.filter(pk=row.pk).update(state="expired")
            if lifecycle.expire(row.order, who="checkout"):
                coupons.release(row.order)


def _closed(session_id: str) -> SessionFacts | None:
    """The session, no longer open; None when Stripe knows no such session (of this key), so that nobody can pay it."""
    try:
        return gateway.expire_session(session_id)
    except Refused:  # no longer open, then: what became of it?
        try:
            return gateway.session(session_id)
        except Refused as error:
            if _means(error, ABSENT):
                return None
            raise


def _discovered(row: CheckoutSession) -> str | None:
    """The session that a lost answer may have made: the same key and parameters give it back. None: there is none."""
    try:
        return _create(row.order, row).id
    except Refused as error:
        if _means(error, INVALID):
            return None
        raise
