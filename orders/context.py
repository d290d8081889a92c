"""The cart's count in the header, for every page: one query, and none without a cart."""

from typing import Any

from django.db.models import Sum
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from orders.models import CartLine

CART_KEY = "cart"


def cart(request: HttpRequest) -> dict[str, Any]:
    def count() -> int:
        token = request.session.get(CART_KEY)
        found = CartLine.objects.filter(cart__token=token).aggregate(n=Sum("quantity"))["n"] if token else 0
        return found or 0

    return {"cart_count": SimpleLazyObject(count)}
