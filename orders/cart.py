"""The cart: server-side, found by a token in the session, made by its first line and never by a page view.

The browser sends ids and quantities; every price is read from the catalogue when the cart is shown or ordered.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import cast

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Product, ProductImage, Variant
from orders.models import Cart, CartLine, Order, OrderLine

SESSION_KEY = "cart"


class CartFull(Exception):
    """More different lines than a cart may hold."""


@dataclass(frozen=True)
class LineView:
    """One line as it stands now. `problem` says in words why it cannot be bought; `was` is an older price seen."""

    line: CartLine
    image: ProductImage | None

    @property
    def variant(self) -> Variant:
        return self.line.variant

    @property
    def product(self) -> Product:
        return self.line.variant.product

    @property
    def quantity(self) -> int:
        return self.line.quantity

    @property
    def unit_price(self) -> int:
        return self.variant.price

    @property
    def amount(self) -> int:
        return self.unit_price * self.quantity

    @property
    def url(self) -> str:
        """Back to exactly this choice."""
        return f"{self.product.get_absolute_url()}?variant={self.variant.variant_id}"

    @property
    def problem(self) -> str:
        if self.variant.sellable:
            return ""
        if not self.variant.is_enabled or self.product.gone_at or self.product.hidden or not self.product.visible:
            return _("This is no longer offered. Please remove it to go on.")
        return _("Sold out at the moment. Please remove it or choose another.")

    @property
    def was(self) -> int | None:
        return self.line.seen_price if self.line.seen_price != self.unit_price else None


@dataclass(frozen=True)
class CartView:
    """What the cart and checkout pages show. Money in minor units of `currency`."""

    cart: Cart | None
    lines: list[LineView]
    currency: str

    @cached_property
    def subtotal(self) -> int:
        return sum(line.amount for line in self.lines if not line.problem)

    @property
    def count(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def buyable(self) -> bool:
        return bool(self.lines) and not any(line.problem for line in self.lines)

    @property
    def price_changes(self) -> list[LineView]:
        return [line for line in self.lines if line.was is not None]


def current(request: HttpRequest) -> Cart | None:
    token = request.session.get(SESSION_KEY)
    return Cart.objects.filter(token=token).first() if token else None


def ensure(request: HttpRequest) -> Cart:
    found = current(request)
    if found is None:
        found = Cart.objects.create()
        request.session[SESSION_KEY] = found.token
    return found


def forget() -> None:
    """Carts of nobody in which nothing was laid for longer than a session lives."""
    then = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    idle = Cart.objects.filter(user=None, updated_at__lt=then)
    idle.exclude(pk__in=CartLine.objects.filter(added_at__gte=then).values("cart")).delete()


def add(cart: Cart, variant: Variant, quantity: int) -> CartLine:
    """Add to the line of this variant, up to the cap. Two clicks at once add twice, never two lines."""
    rows = CartLine.objects.filter(cart=cart, variant=variant)
    if not rows.exists():
        if cart.lines.count() >= settings.CART_LINES_MAX:
            raise CartFull
        first = min(quantity, settings.QUANTITY_MAX)
        fresh = CartLine(cart=cart, variant=variant, quantity=first, seen_price=variant.price)
        CartLine.objects.bulk_create([fresh], ignore_conflicts=True)
        found = rows.get()
        if found.added_at == fresh.added_at:
            return found
    rows.update(quantity=Least(F("quantity") + quantity, settings.QUANTITY_MAX), seen_price=variant.price)
    return rows.get()


def replace(cart: Cart, wanted: Iterable[tuple[Variant, int]]) -> None:
    """Exactly these lines and no others; the same variant twice is one line."""
    with transaction.atomic():
        cart.lines.all().delete()
        for variant, quantity in wanted:
            add(cart, variant, quantity)


def set_quantity(cart: Cart, line_id: int, quantity: int) -> None:
    """0 removes. A line of another cart is not found and nothing happens."""
    rows = cart.lines.filter(pk=line_id)
    if quantity <= 0:
        rows.delete()
    else:
        rows.update(quantity=min(quantity, settings.QUANTITY_MAX))


def view(cart: Cart | None) -> CartView:
    rows = [] if cart is None else list(cart.lines.select_related("variant__product"))
    images = pictures([row.variant for row in rows])
    lines = [LineView(row, images.get(row.variant_id)) for row in rows]
    return CartView(cart, lines, settings.SHOP_CURRENCY)


def accept_prices(shown: CartView) -> None:
    """The buyer has now been told: the next look starts from today's prices."""
    for line in shown.price_changes:
        CartLine.objects.filter(pk=line.line.pk).update(seen_price=line.unit_price)


def pictures(variants: Iterable[Variant]) -> dict[int, ProductImage]:
    """Variant pk → the first mockup that shows it (in its colour), else the product's first. One query."""
    wanted = list(variants)
    images = ProductImage.objects.filter(product_id__in={variant.product_id for variant in wanted}, hidden=False)
    by_product: dict[int, list[ProductImage]] = {}
    for image in images:
        by_product.setdefault(image.product_id, []).append(image)
    found = {variant.pk: _picture(variant, by_product.get(variant.product_id, [])) for variant in wanted}
    return {pk: image for pk, image in found.items() if image is not None}


def _picture(variant: Variant, images: list[ProductImage]) -> ProductImage | None:
    fitting = [image for image in images if variant.variant_id in image.variant_ids] or images
    return next((image for image in fitting if image.files), next(iter(fitting), None))


def restore(request: HttpRequest, order: Order) -> None:
    """Put what was ordered and not paid into this browser's cart, at today's prices. A cart that holds something stays.

    The lines remember the order's prices, so that the cart page names each price that has changed.
    """
    cart = ensure(request)
    if cart.lines.exists():
        return
    for line in order.lines.filter(variant__isnull=False).select_related("variant")[: settings.CART_LINES_MAX]:
        restored = add(cart, cast("Variant", line.variant), line.quantity)
        CartLine.objects.filter(pk=restored.pk).update(seen_price=line.unit_price)


def subtract(cart_id: int, bought: Iterable[OrderLine]) -> None:
    """Take what was paid for out of the cart; what the buyer added meanwhile stays.

    The cart gets a new key: the same things bought once more are another order.
    """
    Cart.objects.filter(pk=cart_id).update(checkout_key=uuid.uuid4())
    for line in bought:
        rows = CartLine.objects.filter(cart_id=cart_id, variant_id=cast("int", line.variant_id))
        rows.filter(quantity__lte=line.quantity).delete()
        rows.update(quantity=F("quantity") - line.quantity)
