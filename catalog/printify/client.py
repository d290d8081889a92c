"""The Printify client: the one module that knows Printify's routes. `catalog.printify.orders` reads what it says of
orders.

Sources: Printify contract, sections 1 to 9. Every method raises only `ilytat.integrations.errors`. Money is minor
units. Order bodies go out as given.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from django.conf import settings

from catalog.printify import fields, rate_budget
from catalog.printify.orders import COST_MAX, UpstreamOrder, is_order, read_order
from ilytat.integrations import usage
from ilytat.integrations.client import PROBE, ApiClient
from ilytat.integrations.errors import OutcomeUnknown, Refused, Unavailable
from ilytat.integrations.providers import Provider

PRODUCTS_PER_PAGE = 50
ORDERS_PER_PAGE = 10
WEBHOOKS_PER_PAGE = 100  # the most that Printify gives; its default of 10 is how many topics the shop subscribes to
LOOKUP_PAGES = 20
# A page of the largest products is about 10 MB (Printify contract, section 4); parsed it takes several times as much.
ANSWER_MAX = 16 * 1024 * 1024
CONFLICT = 409
ABSENT = (404, 422)
PROVIDER = Provider(
    rate_budget.KEY,
    "Printify",
    "At Printify: My profile > Connections, make a new token. Set PRINTIFY_API_KEY and restart web and workers. "
    "Waiting work then continues by itself. A token ends after a year.",
    credentials=("PRINTIFY_API_KEY", "PRINTIFY_SHOP_ID"),
)
SHIPPING_METHODS = ("standard", "priority", "printify_express", "economy")
# Where the v2 catalog has another name: beside "priority", its "express" is code 3 (Printify contract, section 8).
V2_METHODS = {"printify_express": "express"}


def _is_amount(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= COST_MAX


class Printify:
    """`interactive` is for calls a shopper waits for: short timeouts, the first lane of the rate budget."""

    def __init__(self, http: ApiClient, shop_id: str) -> None:
        self.http = http
        self.interactive = replace(http, connect_timeout=1.0, read_timeout=2.0, deadline=2.5, tries=1)
        self.shop = f"/v1/shops/{shop_id}"

    # --- shops and products

    def shops(self) -> list[dict[str, Any]]:
        """Return the token's shops. Also asked while the token is known to be rejected: the health check calls it."""
        found = self.http.read("/v1/shops.json", lane=PROBE)
        return [shop for shop in found if isinstance(shop, dict)] if isinstance(found, list) else []

    def product_page(self, page: int, *, lane: str = "sync") -> dict[str, Any]:
        """One page of the Laravel paginator, as it came; its page links are not followable."""
        params = {"limit": PRODUCTS_PER_PAGE, "page": page}
        found = self.http.read(f"{self.shop}/products.json", lane=lane, params=params)
        return found if isinstance(found, dict) else {}

    def product(self, product_id: str, *, interactive: bool = False) -> dict[str, Any] | None:
        """The product, or None when Printify says that there is none by this id.

        Another shop's product (8104) stays a refusal: after reconnecting a store every product of ours would be one,
        and the catalogue must not vanish for a wrong PRINTIFY_SHOP_ID (RELIABILITY E10).
        """
        http, lane = (self.interactive, "checkout") if interactive else (self.http, "webhooks")
        try:
            found = http.read(f"{self.shop}/products/{quote(product_id, safe='')}.json", lane=lane)
        except Refused as error:
            if error.status in ABSENT:
                return None
            raise
        if not isinstance(found, dict):
            raise Unavailable("Printify's answer is not a product")
        return found

    def product_safety(self, product_id: str) -> list[dict[str, Any]]:
        """Return what the EU's product safety regulation (GPSR) asks a shop to show: title and text, as they came."""
        answer = self.http.read(f"{self.shop}/products/{quote(product_id, safe='')}/gpsr.json", lane="sync")
        return [entry for entry in answer if isinstance(entry, dict)] if isinstance(answer, list) else []

    def size_guide(self, blueprint_id: int) -> dict[str, Any]:
        answer = self.http.read(f"/v1/catalog/blueprints/{blueprint_id}/size_guide.json", lane="catalog")
        return answer if isinstance(answer, dict) else {}

    def publishing_succeeded(self, product_id: str, *, our_id: str, url: str) -> None:
        body = {"external": {"id": our_id, "handle": url}}
        self.http.write(
            "POST",
            f"{self.shop}/products/{quote(product_id, safe='')}/publishing_succeeded.json",
            body,
            lane="webhooks",
        )

    def publishing_failed(self, product_id: str, reason: str) -> None:
        path = f"{self.shop}/products/{quote(product_id, safe='')}/publishing_failed.json"
        self.http.write("POST", path, {"reason": reason}, lane="webhooks")

    # --- shipping

    def shipping_costs(self, lines: Sequence[Mapping[str, Any]], address: Mapping[str, str]) -> dict[str, int]:
        """Method → cost, for `lines` of product_id, variant_id, quantity. A method that is not offered is missing.

        Never empty: raises OutcomeUnknown when the answer has no cost that can be read.
        `express` is not read: it was a name of `priority` and shall be one of `printify_express` (Printify contract,
        section 8), so that what it sells depends on the day.
        """
        body = {"line_items": list(lines), "address_to": dict(address)}
        found = self.interactive.write("POST", f"{self.shop}/orders/shipping.json", body, lane="checkout")
        answer = found if isinstance(found, dict) else {}
        costs = {name: answer[name] for name in SHIPPING_METHODS if _is_amount(answer.get(name))}
        if not costs:
            raise OutcomeUnknown("Printify's answer has no shipping cost that can be read.", status=HTTPStatus.OK)
        return costs

    def shipping_methods(self, blueprint_id: int, provider_id: int) -> list[str]:
        """Return those of SHIPPING_METHODS that have a v2 profile for this blueprint and print provider."""
        path = f"/v2/catalog/blueprints/{blueprint_id}/print_providers/{provider_id}/shipping.json"
        data = self.http.read(path, lane="catalog")
        entries = fields.objects(data if isinstance(data, dict) else {}, "data")
        names = {fields.part(entry, "attributes").get("name") for entry in entries}
        return [method for method in SHIPPING_METHODS if V2_METHODS.get(method, method) in names]

    def shipping_profile(self, blueprint_id: int, provider_id: int, method: str) -> dict[str, Any]:
        """Return the v2 profile of one of SHIPPING_METHODS as it came: an entry a variant and country."""
        name = V2_METHODS.get(method, method)
        path = f"/v2/catalog/blueprints/{blueprint_id}/print_providers/{provider_id}/shipping/{name}.json"
        data = self.http.read(path, lane="catalog")
        return data if isinstance(data, dict) else {}

    # --- orders

    def create_order(self, body: Mapping[str, Any]) -> str:
        """Create a draft; Printify's id. `external_id` is its idempotency key: a reused one adopts the first order.

        Raises OutcomeUnknown also when the answer names no order: one may exist all the same.
        """
        try:
            found = self.http.write("POST", f"{self.shop}/orders.json", dict(body))
        except Refused as error:
            if error.status != CONFLICT:
                raise
            found = error.body.get("order") if isinstance(error.body, dict) else None
        if not isinstance(found, dict) or not found.get("id"):
            raise OutcomeUnknown("Printify's answer names no order", body=found)
        return str(found["id"])

    def order(self, order_id: str, *, lane: str = "orders") -> UpstreamOrder:
        found = self.http.read(f"{self.shop}/orders/{quote(order_id, safe='')}.json", lane=lane)
        if not is_order(found):
            raise Unavailable("Printify's answer is not an order")
        return read_order(found)

    def orders(self) -> Iterator[UpstreamOrder]:
        """Yield the shop's orders, ten a page, at most LOOKUP_PAGES pages: there is no filter by our id."""
        for page in range(1, LOOKUP_PAGES + 1):
            found = self.order_page(page, lane="orders")
            data = list(fields.objects(found, "data")) if isinstance(found, dict) else None
            yield from (read_order(item) for item in data or () if is_order(item))
            if not data or page >= (fields.whole(found.get("last_page")) or 1):
                return

    def order_page(self, page: int, *, lane: str = "sync") -> Any:
        """Return one page of the shop's orders as it came, by default in the lane that leaves most calls to others."""
        return self.http.read(f"{self.shop}/orders.json", lane=lane, params={"limit": ORDERS_PER_PAGE, "page": page})

    def find_order(self, external_id: str) -> UpstreamOrder | None:
        return next((order for order in self.orders() if order.external_id == external_id), None)

    def send_to_production(self, order_id: str, *, live: bool) -> None:
        """Starts printing and charges the shop's owner. Repeating it is harmless. A test payment is refused here."""
        if settings.PRINTIFY_PRINTS_FOR_REAL and not live:
            raise Refused("A test-mode payment never starts production at the real Printify.")
        self.http.write("POST", f"{self.shop}/orders/{quote(order_id, safe='')}/send_to_production.json")

    def cancel(self, order_id: str) -> None:
        """Accepted only while on hold or while Printify could not charge the owner."""
        self.http.write("POST", f"{self.shop}/orders/{quote(order_id, safe='')}/cancel.json")

    # --- webhooks

    def webhooks(self, *, lane: str = "sync") -> list[dict[str, Any]]:
        """Return every subscription of the shop once, also those of other applications.

        The answer is a bare array that names no last page, and the limit may be cut down: the end is a page that
        adds nothing.
        """
        subscriptions: dict[str, dict[str, Any]] = {}
        for page in range(1, LOOKUP_PAGES + 1):
            params = {"limit": WEBHOOKS_PER_PAGE, "page": page}
            answer = self.http.read(f"{self.shop}/webhooks.json", lane=lane, params=params)
            rows = [row for row in answer if isinstance(row, dict)] if isinstance(answer, list) else []
            added = {str(row.get("id")): row for row in rows if str(row.get("id")) not in subscriptions}
            if not added:
                break
            subscriptions |= added
        return list(subscriptions.values())

    def create_webhook(self, topic: str, url: str, secret: str) -> None:
        body = {"topic": topic, "url": url, "secret": secret}
        self.http.write("POST", f"{self.shop}/webhooks.json", body, lane="webhooks")

    def simulate_webhook(self, hook_id: str, resource: Mapping[str, Any]) -> None:
        """Let Printify send an event of the subscription's topic with `resource` to its address."""
        self.http.write("POST", f"{self.shop}/webhooks/{quote(hook_id, safe='')}/simulate", dict(resource), lane="sync")

    def delete_webhook(self, hook_id: str, host: str) -> None:
        self.http.write(
            "DELETE",
            f"{self.shop}/webhooks/{quote(hook_id, safe='')}.json?host={quote(host, safe='')}",
            lane="webhooks",
        )


@cache
def printify() -> Printify:
    """The process's client. Raises NotConfigured without a token."""
    if not settings.PRINTIFY_API_KEY:
        raise PROVIDER.not_configured("PRINTIFY_API_KEY")
    headers = {
        "Authorization": f"Bearer {settings.PRINTIFY_API_KEY}",
        "User-Agent": "ILYTAT-Designs-shop/1.0",
        "Content-Type": "application/json;charset=utf-8",
    }
    http = ApiClient(
        base=settings.PRINTIFY_API_BASE.rstrip("/"),
        headers=headers,
        spend=rate_budget.spend,
        record=usage.recorder(rate_budget.KEY),
        limited=rate_budget.limited,
        max_bytes=ANSWER_MAX,
        provider=PROVIDER,
    )
    return Printify(http, settings.PRINTIFY_SHOP_ID)
