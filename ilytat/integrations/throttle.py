"""Limits on what strangers may ask for: by address, so that nobody guesses order numbers or tests stolen cards here."""

import ipaddress
from collections.abc import Callable
from functools import update_wrapper
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from limits import parse

from ilytat.integrations import rate_counters

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def client_address(request: HttpRequest) -> str:
    """The caller's address: X-Forwarded-For is believed only as far as our own proxies wrote it."""
    proxies: int = settings.TRUSTED_PROXY_COUNT
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    if proxies and len(hops) >= proxies:
        return _household(hops[-proxies])
    return _household(str(request.META.get("REMOTE_ADDR", "")))


def _household(address: str) -> str:
    """One line of IPv6 has a whole /64 to change addresses in: it counts as one."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    # A socket that listens for both kinds names the old addresses in the new way.
    return str(known.ipv4_mapped or ipaddress.ip_network((int(known), 64), strict=False))


def ratelimit(rate: str, *, methods: frozenset[str] = frozenset({"POST"})) -> Callable[[View[P]], View[P]]:
    """Allow `rate` ("10/minute") requests to this view from one address; more get a page that says so (429).

    Requests with any of `methods` count together.
    """
    limit = parse(rate)

    def around(view: View[P]) -> View[P]:
        def limited(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            is_counted = request.method in methods
            if is_counted and not rate_counters.hit(limit, view.__name__, client_address(request)):
                return _too_many(request, limit.get_expiry())
            return view(request, *args, **kwargs)

        update_wrapper(limited, view)
        return limited

    return around


def _too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    response = render(request, "pages/too_many.html", status=429)
    response["Retry-After"] = str(seconds)
    return response
