"""What sending costs: each blueprint of each provider charges a first item, then the next ones less.

Minor units of US dollars. Method names are the keys of Printify's shipping answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.demo.catalogue import METHOD_CODES, SHIPPING, Offer, Rate
from sandbox.printify.product_store import Product

REST = "REST_OF_THE_WORLD"
METHODS = {code: name for name, code in METHOD_CODES.items()}
# For a product that a test made up on a blueprint of its own.
PLAIN = {"US": Rate(500, 200, (2, 5)), "CA": Rate(900, 400, (5, 10)), REST: Rate(1200, 600, (10, 30))}


@dataclass(frozen=True)
class Wanted:
    """One line of an order, with what the catalogue says of it."""

    product: Product
    variant: Product
    quantity: int
    external_id: str = ""

    @property
    def group(self) -> tuple[int, int]:
        return self.product["blueprint_id"], self.product["print_provider_id"]


def offer(product: Product) -> Offer:
    blueprint_id, provider_id = product["blueprint_id"], product["print_provider_id"]
    known = SHIPPING.get(blueprint_id)
    if known is not None and known.provider_id == provider_id:
        return known
    return Offer(blueprint_id, provider_id, (2, 5), {"standard": PLAIN})


def is_eligible(product: Product, variant: Product, method: str) -> bool:
    if method == "printify_express":
        return bool(variant.get("is_printify_express_eligible"))
    return method != "economy" or bool(product.get("is_economy_shipping_enabled"))


def _rate(line: Wanted, method: str, country: str) -> Rate | None:
    if not is_eligible(line.product, line.variant, method):
        return None
    rates = offer(line.product).methods.get(method, {})
    return rates.get(country) or rates.get(REST)


def per_line(lines: Iterable[Wanted], method: str, country: str) -> list[int] | None:
    """The cost of each line, in order; None when some line is not sent there in this way."""
    costs, paid_first = [], set()
    for line in lines:
        rate = _rate(line, method, country)
        if rate is None:
            return None
        first = 0 if line.group in paid_first else rate.first_item - rate.additional_item
        paid_first.add(line.group)
        costs.append(first + line.quantity * rate.additional_item)
    return costs


def quote(lines: list[Wanted], country: str) -> dict[str, int]:
    """Every method that all lines can be sent with; code 2 goes by its old and its new name."""
    totals = {}
    for method in METHOD_CODES:
        costs = per_line(lines, method, country)
        if costs is not None:
            totals[method] = sum(costs)
    if "priority" in totals:
        totals["express"] = totals["priority"]
    return totals
