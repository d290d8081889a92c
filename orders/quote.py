"""What shipping costs and when it arrives, asked of Printify for the very lines and place.

The buyer waits for this, so the call is short, its answer is kept for some minutes, and after a failure nobody asks
again for half a minute: a page never hangs on Printify.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from catalog import printify, shipping
from catalog.arrival import window
from ilytat.integrations.errors import IntegrationError, Refused
from orders.cart import CartView

KEEP_SECONDS = 600
PAUSE_SECONDS = 30
PAUSED = "printify-quote-paused"
ABOUT_THE_ADDRESS = (400, 422)  # any other refusal (a key that is not taken, a wrong shop) is ours, not the buyer's
NAMES = {
    "standard": _("Standard delivery"),
    "priority": _("Priority delivery"),
    "printify_express": _("Express delivery"),
    "economy": _("Economy delivery"),
}
# Printify's codes of `shipping_method` (contract, section 8).
METHOD_CODES = {"standard": 1, "priority": 2, "printify_express": 3, "economy": 4}


class NoQuote(Exception):
    """Shipping cannot be told now; the cart is kept and the buyer may try again soon."""


class NotServed(NoQuote):
    """No printer of these things ships to that place."""


@dataclass(frozen=True)
class Option:
    """One way of delivery: `amount` in minor units, and the days between which it arrives."""

    code: str
    amount: int
    first: date
    last: date

    @property
    def name(self) -> str:
        return str(NAMES[self.code])


def options(cart: CartView, *, country: str, region: str = "", zip_code: str = "") -> list[Option]:
    """The ways of delivery, cheapest first. Raises NoQuote or NotServed; never empty."""
    if country not in settings.SHIP_TO_COUNTRIES:
        raise NotServed(country)
    lines = [
        {"product_id": x.product.printify_id, "variant_id": x.variant.variant_id, "quantity": x.quantity}
        for x in cart.lines
    ]
    costs = _costs(lines, {"country": country, "region": region, "zip": zip_code})
    production = shipping.handling_days([x.product for x in cart.lines], country)
    found = [_option(code, amount, country, production) for code, amount in costs.items() if code in METHOD_CODES]
    if not found:
        raise NotServed(country)
    return sorted(found, key=lambda option: option.amount)


def default_country() -> str:
    return str(settings.SHIP_TO_COUNTRIES[0])


def options_or_none(cart: CartView, *, country: str) -> list[Option]:
    """For pages where shipping is information, not a condition: [] when it cannot be told now. Raises NotServed."""
    try:
        return options(cart, country=country)
    except NotServed:
        raise
    except NoQuote:
        return []


def _option(code: str, amount: int, country: str, production: tuple[int, int]) -> Option:
    days = window(country, code, production)
    return Option(code, amount, days.first, days.last)


def _costs(lines: Sequence[dict[str, object]], address: dict[str, str]) -> dict[str, int]:
    key = "quote:" + hashlib.sha256(json.dumps([lines, address], sort_keys=True).encode()).hexdigest()
    kept: dict[str, int] | None = cache.get(key)
    if kept is not None:
        return kept
    if cache.get(PAUSED):
        raise NoQuote
    try:
        costs = printify.client().shipping_costs(lines, address)
    except IntegrationError as error:
        if isinstance(error, Refused) and error.status in ABOUT_THE_ADDRESS:
            raise NotServed(address["country"]) from error
        cache.set(PAUSED, True, PAUSE_SECONDS)
        raise NoQuote from error
    cache.set(key, costs, KEEP_SECONDS)
    return costs
