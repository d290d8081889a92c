"""Random carts: what the page, the order, Stripe, the mail and the ledger say is one sum, and all of it can be given
back piece by piece (F1, F5, F8).
"""

import os
import random
import re
from typing import Any

import pytest
from django.conf import settings as shop
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalog.models import Variant
from ilytat.pages.money import exponent
from notifications.models import OutgoingEmail
from orders import allocation, lifecycle, quote
from orders import cart as carts
from orders.addresses import Address
from orders.cart import CartView, LineView
from orders.lifecycle import CheckoutDetails
from orders.models import Cart, CartLine, Order
from payments import checkout, gateway, payment_status
from payments.models import Payment
from tests import factories
from tests.payments.world import Stripe

# A thousand with `make chaos`; the pipeline takes the first of the same carts.
CARTS = 1000 if os.environ.get("CHAOS") == "full" else 80
A_PAGE_EACH = 50
CURRENCIES = ["USD", "EUR", "JPY", "KWD"]
LANGUAGES = ["en", "es", "fr"]
ADDRESS = Address(
    name="Ana Ruiz",
    address1="233 S Wacker Dr",
    address2="",
    city="Chicago",
    region="IL",
    zip="60606",
    country="US",
    phone="",
)


class Shelf:
    """Variants of any price, among them those that floats get wrong, and carts of them, the same in each run."""

    def __init__(self) -> None:
        self.random = random.Random(20261123)  # noqa: S311 (the same carts in each run)
        prices = [1, 99, 999, 1999, 2995, 10_01, 1_005, 4_35, *(self.random.randrange(1, 60_000) for _ in range(40))]
        self.variants = [factories.variant(price=price, cost=0) for price in prices]

    def cart(self, *, kept: bool) -> CartView:
        """As the cart page computes it; `kept` in the database for a browser, else in memory, which is quicker."""
        cart = factories.cart() if kept else None
        lines = [self._line(cart, variant) for variant in self.random.sample(self.variants, self.random.randint(1, 4))]
        if cart:
            CartLine.objects.bulk_create(lines)
            return carts.view(cart)
        return CartView(None, [LineView(line, None) for line in lines], shop.SHOP_CURRENCY)

    def _line(self, cart: Cart | None, variant: Variant) -> CartLine:
        return CartLine(cart=cart, variant=variant, quantity=self.random.randint(1, 20), seen_price=variant.price)

    def delivery(self) -> quote.ShippingOption:
        today = timezone.localdate()
        return quote.ShippingOption("standard", self.random.randrange(0, 9_999), today, today)


def _order(cart: CartView, delivery: quote.ShippingOption, language: str, discount: int) -> Order:
    terms: dict[str, Any] = {"method": delivery.code, "shipping": delivery.amount, "language": language}
    terms["discount"] = discount
    days: dict[str, Any] = {"arrives_from": delivery.earliest, "arrives_until": delivery.latest}
    return lifecycle.place(CheckoutDetails(cart=cart, email="ana@example.com", address=ADDRESS, **terms, **days))


def _minor(written: str, currency: str) -> int:
    """An amount as people read it, back in minor units."""
    digits = re.sub(r"\D", "", written)
    decimals = re.search(r"[.,](\d+)\D*$", written)
    assert exponent(currency) == (len(decimals[1]) if decimals and exponent(currency) else 0), written
    return int(digits)


def _mailed(order: Order) -> tuple[dict[str, int], list[int]]:
    """The sums that the buyer reads, and those of the lines; a sum that is not there is nothing."""
    context = OutgoingEmail.objects.get(kind="order_confirmed", reference=order.number).context
    sums = {name: _minor(said, order.currency) if said else 0 for name, said in context["totals"].items()}
    return sums, sorted(_minor(line["amount"], order.currency) for line in context["lines"])


def _page_total(cart: CartView, delivery: quote.ShippingOption, client: Client, monkeypatch: pytest.MonkeyPatch) -> int:
    session = client.session
    session[carts.SESSION_KEY] = cart.cart.token if cart.cart else ""
    session.save()
    monkeypatch.setattr(quote, "options", lambda *_args, **_kwargs: [delivery])
    found = re.search(r'name="total_standard" value="(\d+)"', client.get("/checkout/").content.decode())
    assert found
    return int(found[1])


def _bought(stripe: Stripe, order: Order) -> Payment:
    session_id = str(getattr(checkout.start(order), "id", ""))
    stripe.pay(session_id)
    assert payment_status.status(order, session_id) == "paid"
    return Payment.objects.get(order=order, applied=True)


def _piece_by_piece(order: Order) -> int:
    """What single pieces and the delivery give back, one refund after the other."""
    gone: dict[int, int] = {}
    back = allocation.of_delivery(order)
    for line in order.lines.all():
        for _ in range(line.quantity):
            back += allocation.of_units(order, {line.pk: 1}, gone)
            gone[line.pk] = gone.get(line.pk, 0) + 1
    return back


@pytest.mark.django_db
def test_page_order_stripe_mail_and_ledger_agree(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    stripe, shelf, client = Stripe(), Shelf(), Client()
    for name in ("create_session", "create_coupon", "create_customer", "session"):
        monkeypatch.setattr(gateway, name, getattr(stripe, name))
    block = CARTS // len(CURRENCIES)
    for number in range(CARTS):
        if number % block == 0:  # each change of a setting is a layer around all before it
            settings.SHOP_CURRENCY = CURRENCIES[number // block]
        if number % (block // 2) == 0:
            settings.STRIPE_AUTOMATIC_TAX = number % block > 0
        shown = number % A_PAGE_EACH == 0
        cart, delivery = shelf.cart(kept=shown), shelf.delivery()
        lines = sorted(line.variant.price * line.quantity for line in cart.lines)
        discount = shelf.random.randrange(sum(lines)) if number % 3 == 1 and not shown else 0
        if shown:
            assert _page_total(cart, delivery, client, monkeypatch) == sum(lines) + delivery.amount
        with transaction.atomic():
            order = _order(cart, delivery, LANGUAGES[number % len(LANGUAGES)], discount)
            payment = _bought(stripe, order)
        order.refresh_from_db()
        session = stripe.sessions[f"cs_test_{number + 1:08d}"]
        total = sum(lines) - discount + delivery.amount + session.tax
        assert settings.STRIPE_AUTOMATIC_TAX or not session.tax
        assert (session.order, session.amounts) == (order.number, (sum(lines), delivery.amount, total))
        sums = {
            "subtotal": sum(lines),
            "discount": discount,
            "shipping": delivery.amount,
            "tax": session.tax,
            "total": total,
        }
        assert {name: getattr(order, name) for name in sums} == sums
        assert session.currency == payment.currency == order.currency == settings.SHOP_CURRENCY
        assert _mailed(order) == (sums, lines)
        assert (payment.captured, payment.refund_reserved) == (total, 0)
        assert _piece_by_piece(order) == payment.captured
    assert {bool(session.tax) for session in stripe.sessions.values()} == {True, False}
    assert {bool(session.discount) for session in stripe.sessions.values()} == {True, False}
