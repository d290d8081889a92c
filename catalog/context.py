"""The categories of the header, for every page: read when a template first asks for them."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from catalog.models import Category


def categories(_request: HttpRequest) -> dict[str, Any]:
    return {"nav_categories": SimpleLazyObject(lambda: list(Category.objects.all()))}
