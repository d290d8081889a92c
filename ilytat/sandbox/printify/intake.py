"""Reading what the shop submits: strict about shape, lax about whether an address exists, as Printify is."""

from typing import Any, TypeGuard

from babel import Locale

from ilytat.sandbox.printify import goods, refusals
from ilytat.sandbox.printify.rates import METHODS, Wanted

REQUIRED = ("first_name", "last_name", "address1", "city", "country", "zip")
FIELDS = (*REQUIRED, "email", "phone", "region", "address2", "company")
TERRITORIES = {code: str(name) for code, name in Locale("en").territories.items() if code.isalpha()}


def country_name(code: str) -> str:
    return TERRITORIES.get(code, code)


def address(sent: Any) -> dict[str, str]:
    """All complaints at once, by field. Sent is a two-letter country, read back is its name."""
    if not isinstance(sent, dict):
        raise refusals.field("address_to")
    complaints = {
        name: [f"The {name.replace('_', ' ')} field is required."]
        for name in REQUIRED
        if not str(sent.get(name) or "").strip()
    }
    for name in FIELDS:
        if not isinstance(sent.get(name), str | None):
            complaints[name] = [f"The {name.replace('_', ' ')} must be a string."]
    if "country" not in complaints and not is_country(sent["country"]):
        complaints["country"] = ["The selected country is invalid."]
    if complaints:
        raise refusals.address(complaints)
    return {name: sent[name] for name in FIELDS if sent.get(name) is not None}


def is_country(code: Any) -> TypeGuard[str]:
    return isinstance(code, str) and len(code) == 2 and code in TERRITORIES  # noqa: PLR2004 - ISO alpha-2


def lines(sent: Any) -> list[Wanted]:
    if not isinstance(sent, list) or not sent:
        raise refusals.field("line_items")
    return [_line(each, f"line_items.{number}") for number, each in enumerate(sent)]


def _line(sent: Any, name: str) -> Wanted:
    if not isinstance(sent, dict):
        raise refusals.field(name, "must be an object")
    quantity = sent.get("quantity")
    if type(quantity) is not int or quantity < 1:
        raise refusals.field(f"{name}.quantity", "must be at least 1")
    if "print_areas" in sent:
        # Printify still takes it, slowly, and says it will go; a shop that needs it should notice here.
        raise refusals.field(f"{name}.print_areas", "is not supported by the sandbox")
    product, variant = _by_sku(sent["sku"], name) if "sku" in sent else _by_ids(sent, name)
    return Wanted(product, variant, quantity, str(sent.get("external_id") or ""))


def _by_sku(sku: Any, name: str) -> tuple[goods.Product, goods.Product]:
    for product in goods.listed():
        for variant in product["variants"]:
            if variant["sku"] == sku:
                return product, variant
    raise refusals.field(f"{name}.sku", "is not the SKU of any variant")


def _by_ids(sent: dict[str, Any], name: str) -> tuple[goods.Product, goods.Product]:
    product_id, variant_id = sent.get("product_id"), sent.get("variant_id")
    product = goods.get(product_id)
    if product is None:
        raise refusals.field(f"{name}.product_id", "is not a product of this shop")
    for variant in product["variants"]:
        if variant["id"] == variant_id:
            return product, variant
    raise refusals.field(f"{name}.variant_id", "is not a variant of the product")


def method(sent: dict[str, Any]) -> int:
    """The flags for Printify Express and economy must not contradict the number."""
    code = sent.get("shipping_method")
    if type(code) is not int or code not in METHODS:
        raise refusals.field("shipping_method", "must be 1, 2, 3 or 4")
    for flag, meant in (("is_printify_express", 3), ("is_economy_shipping", 4)):
        if sent.get(flag) and code != meant:
            raise refusals.field(flag, f"contradicts shipping_method {code}")
    return code


def external_id(sent: dict[str, Any]) -> str:
    """The key that makes a second submission harmless."""
    value = sent.get("external_id")
    if not isinstance(value, str | int) or not str(value).strip():
        raise refusals.field("external_id")
    return str(value)
