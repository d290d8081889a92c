"""The brand, for every page: read once when a template first asks for it."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications.models import Brand


def current_brand() -> Brand:
    return Brand.objects.order_by("pk").first() or Brand()


def brand(_request: HttpRequest) -> dict[str, Any]:
    return {"brand": SimpleLazyObject(current_brand)}
