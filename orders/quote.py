"""What shipping costs and when it arrives, asked of Printify for the very lines and place, printer by printer.

Things from different printers travel separately, and each printer charges its own first item. The buyer waits for
this, so the calls are short, their answers are kept for some minutes, and after a failure nobody asks again for half
a minute: a page never hangs on Printify.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog import printify
from catalog.delivery_estimates import Estimates, estimates
from catalog.models import Product
from ilytat.integrations.errors import IntegrationError, Refused
from orders.cart import CartView
from orders.models import Order

KEEP_SECONDS = 600
PAUSE_SECONDS = 30
PAUSED = "printify-quote-paused"
MOST_GROUPS = 4  # printers asked one by one while somebody waits; beyond, one question for all
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
class Wanted:
    """One line to be sent. `product` is None when the shop has it no more: Printify may still make it."""

    printify_id: str
    variant_id: int
    quantity: int
    product: Product | None

    @property
    def provider(self) -> int:
        return self.product.print_provider_id if self.product else 0

    def as_line(self) -> dict[str, object]:
        return {"product_id": self.printify_id, "variant_id": self.variant_id, "quantity": self.quantity}


@dataclass(frozen=True)
class Option:
    """One way of delivery: `amount` in minor units, by printer in `parcels`, and the days between which it arrives."""

    code: str
    amount: int
    first: date
    last: date
    parcels: tuple[tuple[int, int], ...] = ()

    @property
    def name(self) -> str:
        return str(NAMES[self.code])

    def as_agreed(self) -> dict[str, Any]:
        """What an order remembers of it."""
        return {"method": self.code, "amount": self.amount, "parcels": [list(pair) for pair in self.parcels]}


def expires() -> datetime:
    """Until when a quote made now may be agreed to."""
    return timezone.now() + timedelta(minutes=settings.SESSION_MINUTES)


def options(cart: CartView, *, country: str, region: str = "", zip_code: str = "") -> list[Option]:
    """The ways of delivery, cheapest first. Raises NoQuote or NotServed; never empty."""
    wanted = [Wanted(x.product.printify_id, x.variant.variant_id, x.quantity, x.product) for x in cart.lines]
    return of_lines(wanted, country=country, region=region, zip_code=zip_code)


def of_order(order: Order, *, country: str, region: str = "", zip_code: str = "") -> list[Option]:
    """The same for what was bought, sent to another place."""
    lines = order.lines.select_related("product")
    wanted = [Wanted(x.printify_product_id, x.printify_variant_id, x.quantity, x.product) for x in lines]
    return of_lines(wanted, country=country, region=region, zip_code=zip_code)


def of_lines(wanted: Sequence[Wanted], *, country: str, region: str = "", zip_code: str = "") -> list[Option]:
    if country not in settings.SHIP_TO_COUNTRIES:
        raise NotServed(country)
    address = {"country": country, "region": region, "zip": zip_code}
    groups = _groups(wanted)
    costs = {provider: _costs([x.as_line() for x in lines], address) for provider, lines in groups.items()}
    codes = [code for code in METHOD_CODES if all(code in found for found in costs.values())]
    estimated = estimates([x.product for x in wanted if x.product], country)
    made = [_option(code, costs, estimated) for code in codes]
    if not made:
        raise NotServed(country)
    return sorted(made, key=lambda option: option.amount)


def _groups(wanted: Iterable[Wanted]) -> dict[int, list[Wanted]]:
    """By printer; all in one (0) when there are too many to ask one by one."""
    found: dict[int, list[Wanted]] = {}
    for line in wanted:
        found.setdefault(line.provider, []).append(line)
    return found if len(found) <= MOST_GROUPS else {0: [x for lines in found.values() for x in lines]}


def full_price(order: Order) -> int:
    """Return what the agreed delivery costs in minor units, also where a code took it, or a part of it, off."""
    return sum(amount for _provider, amount in order.quote.get("parcels") or []) or order.shipping


def default_country() -> str:
    return str(settings.SHIP_TO_COUNTRIES[0])


def options_or_none(cart: CartView, *, country: str, zip_code: str = "") -> list[Option]:
    """For pages where shipping is information, not a condition: [] when it cannot be told now. Raises NotServed."""
    try:
        return options(cart, country=country, zip_code=zip_code)
    except NotServed:
        raise
    except NoQuote:
        return []


def _option(code: str, costs: dict[int, dict[str, int]], estimated: Estimates) -> Option:
    parcels = tuple((provider, found[code]) for provider, found in sorted(costs.items()))
    window = estimated.window(code)
    return Option(code, sum(amount for _provider, amount in parcels), window.first, window.last, parcels)


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
