"""The catalogue's routes, for the goods the demo is printed on: blueprints, providers, size guides, shipping."""

from typing import Any

from django.http import HttpRequest

from sandbox import settings
from sandbox.demo.catalogue import BLUEPRINTS, PROVIDERS, SHIPPING, Offer, Rate, size_guide
from sandbox.printify import auth, product_store, refusals
from sandbox.printify.rates import METHODS, is_eligible

# The second version of the API calls the third method what the first version calls the second.
V2_NAMES = {1: "standard", 2: "priority", 3: "express", 4: "economy"}
ROUTE = "blueprints/{}/print_providers/{}/shipping"


def _blueprint(blueprint_id: int) -> dict[str, Any]:
    known = BLUEPRINTS.get(blueprint_id)
    if known is None:
        raise refusals.not_found()
    return {"id": known.id, "title": known.title, "brand": known.brand, "model": known.model, "images": []}


def _offer(blueprint_id: int, provider_id: int) -> Offer:
    offer = SHIPPING.get(blueprint_id)
    if offer is None or offer.provider_id != provider_id:
        raise refusals.not_found()
    return offer


def _variant_ids(blueprint_id: int, method: str) -> list[int]:
    """Return the variants of all products on this blueprint that live quotes offer the method for."""
    return sorted(
        {
            variant["id"]
            for product in product_store.every()
            for variant in product["variants"]
            if product["blueprint_id"] == blueprint_id and is_eligible(product, variant, method)
        }
    )


@auth.route("catalog.blueprints", bucket="catalog")
def blueprints(_request: HttpRequest) -> Any:
    return [_blueprint(blueprint_id) for blueprint_id in BLUEPRINTS]


@auth.route("catalog.blueprint", bucket="catalog")
def blueprint(_request: HttpRequest, blueprint_id: int) -> Any:
    return _blueprint(blueprint_id)


@auth.route("catalog.size_guide", bucket="catalog")
def sizes(_request: HttpRequest, blueprint_id: int) -> Any:
    _blueprint(blueprint_id)
    return size_guide(blueprint_id) or {"sizes": [], "types": []}


@auth.route("catalog.providers", bucket="catalog")
def providers(_request: HttpRequest, blueprint_id: int) -> Any:
    _blueprint(blueprint_id)
    provider_id = BLUEPRINTS[blueprint_id].provider_id
    return [{"id": provider_id, "title": PROVIDERS[provider_id]}]


def _money(cost: int) -> dict[str, Any]:
    return {"cost": cost, "currency": "USD"}


@auth.route("catalog.shipping", bucket="catalog")
def shipping(_request: HttpRequest, blueprint_id: int, provider_id: int) -> Any:
    """The first version: standard shipping only."""
    offer = _offer(blueprint_id, provider_id)
    variant_ids = _variant_ids(blueprint_id, "standard")
    profiles = [
        {
            "variant_ids": variant_ids,
            "first_item": _money(rate.first_item),
            "additional_items": _money(rate.additional_item),
            "countries": [country],
        }
        for country, rate in offer.methods["standard"].items()
    ]
    return {"handling_time": {"value": offer.handling_days[1], "unit": "day"}, "profiles": profiles}


@auth.route("catalog.shipping_methods", bucket="catalog")
def shipping_methods(_request: HttpRequest, blueprint_id: int, provider_id: int) -> Any:
    offer = _offer(blueprint_id, provider_id)
    base = f"{settings.SANDBOX_URL}/printify/v2/catalog/{ROUTE.format(blueprint_id, provider_id)}"
    named = {code: V2_NAMES[code] for code, method in METHODS.items() if method in offer.methods}
    data = [{"type": "shipping_method", "id": str(code), "attributes": {"name": name}} for code, name in named.items()]
    return {"data": data, "links": {name: f"{base}/{name}.json" for name in named.values()}}


@auth.route("catalog.shipping_method", bucket="catalog")
def shipping_method(_request: HttpRequest, blueprint_id: int, provider_id: int, name: str) -> Any:
    """One entry per variant and country group."""
    offer = _offer(blueprint_id, provider_id)
    code = next((code for code, known in V2_NAMES.items() if known == name), 0)
    method = METHODS.get(code, "")
    rates = offer.methods.get(method)
    if rates is None:
        raise refusals.not_found()
    pairs = [(variant_id, country) for variant_id in _variant_ids(blueprint_id, method) for country in rates]
    return {"data": [_cost(offer, name, variant_id, country, rates[country]) for variant_id, country in pairs]}


def _cost(offer: Offer, name: str, variant_id: int, country: str, rate: Rate) -> dict[str, Any]:
    first, last = offer.handling_days
    return {
        "type": f"variant_shipping_{name}_{country.lower()}",
        "id": str(variant_id),
        "attributes": {
            "shippingType": name,
            "country": {"code": country},
            "variantId": variant_id,
            "shippingPlanId": f"{offer.blueprint_id:012x}{offer.provider_id:012x}",
            "handlingTime": {"from": first, "to": last},
            "shippingCost": {
                "firstItem": {"amount": rate.first_item, "currency": "USD"},
                "additionalItems": {"amount": rate.additional_item, "currency": "USD"},
            },
        },
    }
