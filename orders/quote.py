"""What shipping costs and when it arrives, asked of Printify for the very lines and place, printer by printer.

Things from different printers travel separately, and each printer charges its own first item. While Printify does not
answer, the price comes from the rate card plus staff's surcharge; for those who ask too often from the rate card alone
(`orders.live_quotes`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog import shipping_rates, shipping_surcharge
from catalog.delivery_estimates import Estimates, estimates
from catalog.shipping_rates import CardLine
from ilytat.integrations.errors import IntegrationError
from orders import live_quotes
from orders.cart import CartView
from orders.live_quotes import Question, QuoteLine
from orders.models import Order

MOST_GROUPS = 4  # printers asked one by one while somebody waits; beyond, one question for all
NAMES = {
    "standard": _("Standard delivery"),
    "priority": _("Priority delivery"),
    "printify_express": _("Express delivery"),
    "economy": _("Economy delivery"),
}
# Printify's codes of `shipping_method` (contract, section 8).
METHOD_CODES = {"standard": 1, "priority": 2, "printify_express": 3, "economy": 4}


class QuoteUnavailable(Exception):
    """Shipping cannot be told now; the cart is kept and the buyer may try again soon."""


class DestinationNotServed(QuoteUnavailable):
    """No printer of these things ships to that place."""


@dataclass(frozen=True)
class Price:
    """What one package costs, in minor units. `surcharge` is the part of it that is ours; None for a live quote."""

    amount: int
    surcharge: int | None = None


Prices = dict[str, Price]  # by method


@dataclass(frozen=True)
class ShippingOption:
    """One way of delivery: `amount` in minor units, by printer in `parcels`, and the days between which it arrives.

    `surcharge` is None unless a package is priced from the rate card.
    """

    code: str
    amount: int
    earliest: date
    latest: date
    parcels: tuple[tuple[int, int], ...] = ()
    surcharge: int | None = None

    @property
    def name(self) -> str:
        return str(NAMES[self.code])

    @property
    def is_estimated(self) -> bool:
        return self.surcharge is not None

    def as_agreed(self) -> dict[str, Any]:
        """What an order remembers of it. Of an estimate also its surcharge and the price without it."""
        agreed = {"method": self.code, "amount": self.amount, "parcels": [list(pair) for pair in self.parcels]}
        if self.surcharge is None:
            return agreed
        full_price = sum(amount for _provider, amount in self.parcels)
        return agreed | {"estimated": True, "surcharge": self.surcharge, "base": full_price - self.surcharge}


def expires() -> datetime:
    """Until when a quote made now may be agreed to."""
    return timezone.now() + timedelta(minutes=settings.SESSION_MINUTES)


def options(
    cart: CartView, *, country: str, region: str = "", zip_code: str = "", client: str = ""
) -> list[ShippingOption]:
    """The ways of delivery, cheapest first. Raises QuoteUnavailable or DestinationNotServed; never empty.

    `client` is the visitor's address (`limits.client_address`): it and the cart may ask Printify only so often.
    """
    wanted = [QuoteLine(x.product.printify_id, x.variant.variant_id, x.quantity, x.product) for x in cart.lines]
    askers = [f"cart:{cart.cart.pk}"] if cart.cart else []
    askers += [f"client:{client}"] if client else []
    return of_lines(wanted, country=country, region=region, zip_code=zip_code, askers=askers)


def of_order(order: Order, *, country: str, region: str = "", zip_code: str = "") -> list[ShippingOption]:
    """The same for what was bought, sent to another place."""
    lines = order.lines.select_related("product")
    wanted = [QuoteLine(x.printify_product_id, x.printify_variant_id, x.quantity, x.product) for x in lines]
    return of_lines(wanted, country=country, region=region, zip_code=zip_code, askers=[f"order:{order.pk}"])


def of_lines(
    wanted: Sequence[QuoteLine], *, country: str, region: str = "", zip_code: str = "", askers: Sequence[str] = ()
) -> list[ShippingOption]:
    if country not in settings.SHIP_TO_COUNTRIES:
        raise DestinationNotServed(country)
    prices = _prices(_groups(wanted), {"country": country, "region": region, "zip": zip_code}, askers)
    codes = [code for code in METHOD_CODES if all(code in offered for offered in prices.values())]
    estimated = estimates([x.product for x in wanted if x.product], country)
    made = [_option(code, prices, estimated) for code in codes]
    if not made:
        raise DestinationNotServed(country)
    return sorted(made, key=lambda option: option.amount)


def _prices(groups: dict[int, list[QuoteLine]], address: dict[str, str], askers: Sequence[str]) -> dict[int, Prices]:
    """Print provider → prices: live, else from the rate card.

    After one failure Printify is not asked about the next provider: a page waits for one timeout at most.
    """
    prices: dict[int, Prices] = {}
    is_answering = True
    for provider, lines in groups.items():
        question = Question(lines, address)
        costs, has_surcharge = live_quotes.stored(question), True
        if costs is None and is_answering:
            try:
                costs = live_quotes.ask(question, askers)
            except live_quotes.AskedTooOften:
                has_surcharge = False  # Printify answers: its price is not in doubt
            except live_quotes.AddressRefused as error:
                raise DestinationNotServed(address["country"]) from error
            except live_quotes.ProductUnknown as error:
                raise QuoteUnavailable from error
            except IntegrationError:
                is_answering = False
        if costs is None:
            # Also of a question about all of them: each print provider's package has its own surcharge.
            packages = _by_provider(lines).items()
            country = address["country"]
            prices |= {x: _estimate(package, country, has_surcharge=has_surcharge) for x, package in packages}
        else:
            prices[provider] = {code: Price(cost) for code, cost in costs.items()}
    return prices


def _estimate(lines: Sequence[QuoteLine], country: str, *, has_surcharge: bool) -> Prices:
    """Return the rate card's prices.

    Raises QuoteUnavailable when staff have turned estimates off or the card cannot tell.
    """
    surcharge = shipping_surcharge.current()
    card_lines = [CardLine(x.product, x.variant_id, x.quantity) for x in lines if x.product]
    costs = shipping_rates.costs(card_lines, country) if surcharge.is_on and len(card_lines) == len(lines) else None
    if costs is None:
        raise QuoteUnavailable
    extra = {code: shipping_surcharge.amount(cost, surcharge) if has_surcharge else 0 for code, cost in costs.items()}
    return {code: Price(cost + extra[code], extra[code]) for code, cost in costs.items()}


def _groups(wanted: Iterable[QuoteLine]) -> dict[int, list[QuoteLine]]:
    """By printer; all in one (0) when there are too many to ask one by one."""
    found = _by_provider(wanted)
    return found if len(found) <= MOST_GROUPS else {0: [x for lines in found.values() for x in lines]}


def _by_provider(lines: Iterable[QuoteLine]) -> dict[int, list[QuoteLine]]:
    found: dict[int, list[QuoteLine]] = {}
    for line in lines:
        found.setdefault(line.provider, []).append(line)
    return found


def full_price(order: Order) -> int:
    """Return what the agreed delivery costs in minor units, also where a code took it, or a part of it, off."""
    return sum(amount for _provider, amount in order.quote.get("parcels") or []) or order.shipping


def default_country() -> str:
    return str(settings.SHIP_TO_COUNTRIES[0])


def options_or_none(cart: CartView, *, country: str, zip_code: str = "", client: str = "") -> list[ShippingOption]:
    """For pages where shipping is information, not a condition: [] when it cannot be told now.

    Raises DestinationNotServed.
    """
    try:
        return options(cart, country=country, zip_code=zip_code, client=client)
    except DestinationNotServed:
        raise
    except QuoteUnavailable:
        return []


def _option(code: str, prices: dict[int, Prices], estimated: Estimates) -> ShippingOption:
    packages = {provider: offered[code] for provider, offered in sorted(prices.items())}
    parcels = tuple((provider, price.amount) for provider, price in packages.items())
    surcharges = [price.surcharge for price in packages.values() if price.surcharge is not None]
    window = estimated.window(code)
    amount = sum(price.amount for price in packages.values())
    return ShippingOption(code, amount, window.first, window.last, parcels, sum(surcharges) if surcharges else None)
