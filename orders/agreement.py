"""What the buyer agreed to, and the rows that keep it."""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.conf import settings

from ilytat.pages import texts
from orders.addresses import Address
from orders.cart import CartView
from orders.models import Order, OrderLine
from orders.quote import expires

# Nothing that is misread on the phone.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # pragma: allowlist secret
NUMBER_LENGTH = 8


@dataclass(frozen=True)
class Agreement:
    """What the buyer agreed to. Money in minor units of the shop's currency."""

    cart: CartView
    email: str
    address: Address
    method: str
    shipping: int
    arrives_from: date
    arrives_until: date
    language: str
    user_id: int | None = None
    discount: int = 0
    quote: dict[str, Any] = field(default_factory=dict, compare=False)  # as agreed, for the order to remember

    @property
    def subtotal(self) -> int:
        return self.cart.subtotal

    @property
    def total(self) -> int:
        return self.subtotal - self.discount + self.shipping

    def key(self) -> uuid.UUID:
        """The same cart, address and price give the same key: a double click finds the order it made."""
        cart = self.cart.cart
        lines = [(x.variant.pk, x.quantity, x.unit_price) for x in self.cart.lines]
        words = repr((lines, self.email, self.address, self.method, self.total))
        return uuid.uuid5(cart.checkout_key if cart else uuid.NAMESPACE_OID, words)


def is_number(text: str) -> bool:
    """Whether it can be the number of an order of this shop."""
    return len(text) == NUMBER_LENGTH and set(text) <= set(ALPHABET)


def order_row(agreement: Agreement, key: uuid.UUID) -> Order:
    return Order(
        number="".join(secrets.choice(ALPHABET) for _ in range(NUMBER_LENGTH)),
        checkout_key=key,
        live=settings.STRIPE_LIVE,
        cart=agreement.cart.cart,
        user_id=agreement.user_id,
        email=agreement.email,
        language=agreement.language,
        terms=texts.version("terms", agreement.language),
        currency=settings.SHOP_CURRENCY,
        subtotal=agreement.subtotal,
        discount=agreement.discount,
        shipping=agreement.shipping,
        total=agreement.total,
        shipping_method=agreement.method,
        arrives_from=agreement.arrives_from,
        arrives_until=agreement.arrives_until,
        quote=agreement.quote,
        quote_expires_at=expires() if agreement.quote else None,
        **agreement.address.as_columns(),
    )


def line_rows(order: Order, agreement: Agreement) -> list[OrderLine]:
    return [
        OrderLine(
            order=order,
            product=x.product,
            variant=x.variant,
            printify_product_id=x.product.printify_id,
            printify_variant_id=x.variant.variant_id,
            title=x.product.title,
            label=x.variant.label,
            sku=x.variant.sku,
            image=x.image.files.get("400", "") if x.image else "",
            unit_price=x.unit_price,
            unit_cost=x.variant.cost,
            quantity=x.quantity,
            personalised=x.product.personalised,
        )
        for x in agreement.cart.lines
    ]
