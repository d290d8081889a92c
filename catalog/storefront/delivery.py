"""What a product page says of delivery: the days on which it would arrive, and what it costs at least."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from catalog import shipping
from catalog.delivery_estimates import Window, estimates
from catalog.models import Product
from ilytat.display.countries import country_name

COUNTRY = "to"


@dataclass(frozen=True)
class Delivery:
    """If ordered today, the usual way. `cost` is minor units, None while Printify has not said it; `making` is the
    working days its printer needs.
    """

    country: str
    name: str
    making: tuple[int, int]
    window: Window
    cost: int | None
    countries: list[tuple[str, str]]
    carried: str = ""

    @property
    def first(self) -> str:
        return self.window.first.isoformat()

    @property
    def last(self) -> str:
        return self.window.last.isoformat()


def delivery(product: Product, query: Mapping[str, str]) -> Delivery:
    """To the country that the address names, else to the first the shop ships to. Two queries."""
    known = settings.SHIP_TO_COUNTRIES
    asked = query.get(COUNTRY, "")
    country = asked if asked in known else known[0]
    days, cost = shipping.profile(product, country)
    names = [(code, country_name(code)) for code in known]
    carried = f"&{COUNTRY}={country}" if country != known[0] else ""
    window = estimates([product], country, days).window("standard")
    return Delivery(country, dict(names)[country], days, window, cost, names, carried)
