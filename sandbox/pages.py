"""What every page for people shares: its stylesheet, its headers, the addresses its links need."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.views.decorators.http import require_GET

from sandbox import settings

STATIC = Path(__file__).resolve().parent / "static"
# No form-action: the hosted checkout ends in a redirect to a shop whose address the shop chose.
# No frame-ancestors: the card field stands in a frame on the shop's page.
SELF = "; ".join(f"{kind}-src 'self'" for kind in ("frame", "img", "script", "style"))
POLICY = f"default-src 'none'; base-uri 'none'; {SELF}"


@require_GET
def stylesheet(_request: HttpRequest, name: str) -> HttpResponse:
    file = STATIC / f"{name}.css"
    if not file.is_file():
        raise Http404
    return HttpResponse(file.read_bytes(), content_type="text/css; charset=utf-8")


def addresses(_request: HttpRequest) -> dict[str, Any]:
    """Context processor."""
    return {"shop_url": settings.SHOP_URL, "sandbox_url": settings.SANDBOX_URL}


def headers(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware; a view that shows foreign HTML (a mail) sets a policy of its own, which stays."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    return middleware


@require_GET
def icon(_request: HttpRequest) -> HttpResponse:
    return HttpResponse((STATIC / "icon.svg").read_bytes(), content_type="image/svg+xml")


urlpatterns = [path("icon.svg", icon), path("static/<slug:name>.css", stylesheet)]
