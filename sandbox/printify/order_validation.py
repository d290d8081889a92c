"""Reading what the shop submits: strict about shape, lax about whether an address exists, as Printify is."""

from typing import Any, TypeGuard

from babel import Locale
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from sandbox.printify import product_store, refusals
from sandbox.printify.rates import METHODS, Wanted

REQUIRED = ("first_name", "last_name", "address1", "city", "country", "zip")
FIELDS = (*REQUIRED, "email", "phone", "region", "address2", "company")
NULLABLE = ("region", "company")
# Babel's two-letter codes that are no country of ISO 3166-1: unions, reserved codes, tests and "unknown".
NO_COUNTRY = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
TERRITORIES = {
    code: str(name)
    for code, name in Locale("en").territories.items()
    if len(code) == 2 and code.isalpha() and code not in NO_COUNTRY  # noqa: PLR2004 - ISO alpha-2
}


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
        if name in sent and name not in complaints and not _is_text(name, sent[name]):
            complaints[name] = [f"The {name.replace('_', ' ')} must be a string."]
    if "email" in sent and "email" not in complaints and not _is_email(sent["email"]):
        complaints["email"] = ["The email must be a valid email address."]
    if "country" not in complaints and not is_country(sent["country"]):
        complaints["country"] = ["The selected country is invalid."]
    if complaints:
        raise refusals.address(complaints)
    return {name: sent[name] for name in FIELDS if sent.get(name) is not None}


def _is_text(name: str, value: Any) -> bool:
    return isinstance(value, str) or (value is None and name in NULLABLE)


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def is_country(code: Any) -> TypeGuard[str]:
    return isinstance(code, str) and code in TERRITORIES


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


def _by_sku(sku: Any, name: str) -> tuple[product_store.Product, product_store.Product]:
    for product in product_store.listed():
        for variant in product["variants"]:
            if variant["sku"] == sku:
                return product, variant
    raise refusals.field(f"{name}.sku", "is not the SKU of any variant")


def _by_ids(sent: dict[str, Any], name: str) -> tuple[product_store.Product, product_store.Product]:
    product_id, variant_id = sent.get("product_id"), sent.get("variant_id")
    product = product_store.get(product_id)
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
    if not isinstance(value, str | None):
        raise refusals.field("external_id", "must be a string")
    if not value or not value.strip():
        raise refusals.field("external_id")
    return value
