"""Rows with sensible values: each test says only what it is about. Money is minor units of USD."""

import itertools
import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from catalog import shipping_rates
from catalog.models import PrintifyCache, Product, Variant
from ilytat.integrations import heartbeats
from ilytat.integrations.models import Heartbeat, InboundEvent
from orders.models import Cart, CartLine, Order, OrderLine
from orders.states import OrderState
from tests.addresses import BUYER

_numbers = itertools.count(1)

COLOURS = [
    {"id": 521, "title": "White", "colors": ["#ffffff"]},
    {"id": 418, "title": "Black", "colors": ["#000000"]},
]
SIZES = [{"id": 14, "title": "S"}, {"id": 15, "title": "M"}]
OPTIONS = [
    {"name": "Colors", "type": "color", "values": COLOURS},
    {"name": "Sizes", "type": "size", "values": SIZES},
]


def product(**given: Any) -> Product:
    """On sale at 24.99, in two colours and two sizes; its variants are for `variant` to add."""
    number = next(_numbers)
    values = {
        "printify_id": f"5d39b159e7c48c00072{number:05d}",
        "slug": f"kind-tee-{number}",
        "upstream_title": f"Kind tee {number}",
        "upstream_description": "<p>Soft cotton.</p>",
        "options": OPTIONS,
        "blueprint_id": 6,
        "print_provider_id": 99,
        "price_from": 2499,
        "price_to": 2499,
        "in_stock": True,
        "created_upstream": timezone.now(),
    }
    return Product.objects.create(**values | given)


def variant(of: Product | None = None, **given: Any) -> Variant:
    """One that can be bought, of a product made for it unless `of` is given."""
    number = next(_numbers)
    values = {
        "variant_id": 17000 + number,
        "sku": f"SKU-{number}",
        "title": "White / S",
        "option_ids": [521, 14],
        "price": 2499,
        "cost": 1100,
        "grams": 180,
        "is_enabled": True,
        "is_available": True,
    }
    return Variant.objects.create(product=of or product(), **values | given)


def cart(*variants: Variant, quantity: int = 1, **given: Any) -> Cart:
    made = Cart.objects.create(**given)
    for one in variants:
        CartLine.objects.create(cart=made, variant=one, quantity=quantity, seen_price=one.price)
    return made


def order(*variants: Variant, quantity: int = 1, shipping: int = 475, **given: Any) -> Order:
    """Awaiting payment, going to Chicago; `order(variant())` has one line, `order()` none."""
    number = next(_numbers)
    subtotal = sum(one.price * quantity for one in variants)
    values = {
        "number": f"T{number:06d}",
        "checkout_key": uuid.uuid4(),
        **BUYER,
        "currency": "USD",
        "subtotal": subtotal,
        "shipping": shipping,
        "total": subtotal + shipping,
    }
    made = Order.objects.create(**values | given)
    for one in variants:
        order_line(made, one, quantity=quantity)
    return made


def order_line(of: Order, bought: Variant, *, quantity: int = 1) -> OrderLine:
    """The frozen copy of a variant; the order's totals are the caller's."""
    return OrderLine.objects.create(
        order=of,
        product=bought.product,
        variant=bought,
        printify_product_id=bought.product.printify_id,
        printify_variant_id=bought.variant_id,
        title=bought.product.title,
        label=bought.label,
        sku=bought.sku,
        unit_price=bought.price,
        unit_cost=bought.cost,
        quantity=quantity,
    )


def paid_order(*variants: Variant, **given: Any) -> Order:
    """The order's own state only: no payment, fulfilment or mail rows, which `orders.lifecycle` makes."""
    return order(*variants or (variant(),), state=OrderState.PAID, paid_at=timezone.now(), **given)


def inbound_event(**given: Any) -> InboundEvent:
    number = next(_numbers)
    values = {
        "source": "stripe",
        "event_id": f"evt_{number}",
        "type": "checkout.session.completed",
        "payload": {"id": f"evt_{number}", "data": {"object": {"id": f"cs_test_{number}"}}},
    }
    return InboundEvent.objects.create(**values | given)


def running_processes() -> None:
    """Both workers and beat, as the Procfile divides the work, for a month now."""
    for node, (queues, _options) in heartbeats.WORKERS.items():
        heartbeats.record_process(f"{node}@host", queues)
    heartbeats.record_process(heartbeats.BEAT)
    Heartbeat.objects.update(started_at=timezone.now() - timedelta(days=30))


def silence(*names: str, seconds: float = 630) -> None:
    """These processes were last seen that long ago; without names, all of them."""
    rows = Heartbeat.objects.filter(name__in=names) if names else Heartbeat.objects.all()
    rows.update(beat_at=timezone.now() - timedelta(seconds=seconds))


def rate_card(product: Product, rates: dict[int, Any]) -> None:
    """Store the rate card of the product's print provider: variant → method → country → [first, additional] cost."""
    key = shipping_rates.key(product.blueprint_id, product.print_provider_id)
    data = {"groups": [{"variants": [variant_id], "rates": methods} for variant_id, methods in rates.items()]}
    now = timezone.now()
    values = {"data": data, "hash": "", "fetched_at": now, "expires_at": now + timedelta(days=7)}
    PrintifyCache.objects.update_or_create(type=shipping_rates.KIND, external_id=key, defaults=values)
