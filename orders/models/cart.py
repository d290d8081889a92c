"""The cart: server-side, found by a token, made by its first line."""

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog.models import Variant


def public_token() -> str:
    """192 bits in a URL: what a guest needs to see an order."""
    return secrets.token_urlsafe(24)


class Cart(models.Model):
    """Server-side, found by a token in the session; created by the first line, never by a page view."""

    token = models.CharField(max_length=40, unique=True, default=public_token)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    country = models.CharField(max_length=2, blank=True)
    checkout_key = models.UUIDField(
        default=uuid.uuid4, help_text="One checkout a cart state: a double click finds the order."
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"cart {self.pk}"


class CartLine(models.Model):
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE)
    quantity = models.PositiveSmallIntegerField(default=1)
    seen_price = models.PositiveIntegerField(help_text="What the buyer last saw; a change is said before paying.")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["added_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "variant"], name="cart_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1, quantity__lte=20), name="cart_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.variant_id}"
