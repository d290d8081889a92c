"""What every page knows of where it runs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def shop(_request: HttpRequest) -> dict[str, Any]:
    return {
        "SANDBOX_URL": settings.SANDBOX_URL,
        "CURRENCY": settings.SHOP_CURRENCY,
        "SITE_URL": settings.SITE_URL,
    }
