"""The brand, for every page and mail: from the cache, read when a template first asks for it."""

from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from notifications.models import Brand
from notifications.models.brand import cache_key

# Where each process has a cache of its own, this is how long another's change may take to be seen.
CACHE_SECONDS = 60


def current_brand() -> Brand:
    """The one row, or the defaults when nobody has saved one yet."""
    found: Brand | None = cache.get(cache_key())
    if found is None:
        found = Brand.objects.order_by("pk").first() or Brand()
        cache.set(cache_key(), found, CACHE_SECONDS)
    return found


def brand(_request: HttpRequest) -> dict[str, Any]:
    return {"brand": SimpleLazyObject(current_brand)}
