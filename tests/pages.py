"""Reading the shop's pages in tests, and being the buyer they are shown to."""

import html
import re
from typing import Any

from django.test import Client
from django.utils import timezone

from orders.models import Cart, Order
from payments import checkout_page
from payments.models import CheckoutSession

SESSION_ID = "cs_test_a1b2c3d4e5f6"


def text(answer: Any) -> str:
    """What a person reads, in one line."""
    body = answer.content.decode().split("<main", 1)[1].split("</main>", 1)[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def source(answer: Any) -> str:
    return str(answer.content.decode())


def holding(client: Client, cart: Cart) -> Cart:
    """This browser's cart."""
    session = client.session
    session["cart"] = cart.token
    session.save()
    return cart


def placed_here(client: Client, order: Order) -> Order:
    """An order of this browser, with a session at Stripe."""
    session = client.session
    session[checkout_page.MINE] = [order.token]
    session.save()
    CheckoutSession.objects.create(
        order=order, idempotency_key=order.number, stripe_session_id=SESSION_ID, expires_at=timezone.now()
    )
    return order
