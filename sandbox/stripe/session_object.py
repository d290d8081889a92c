"""A Checkout Session as it looks when it is born: every key Stripe shows, most of them null."""

from typing import Any

from sandbox.store import Document
from sandbox.stripe.session_rules import DAY

MERCHANT = "ILYTAT Designs"
BRANDING = {
    "background_color": "#ffffff",
    "border_style": "rounded",
    "button_color": "#0074d4",
    "display_name": MERCHANT,
    "font_family": "default",
    "icon": None,
    "logo": None,
}
INVOICE = {
    "enabled": False,
    "invoice_data": {
        "account_tax_ids": None,
        "custom_fields": None,
        "description": None,
        "footer": None,
        "issuer": None,
        "metadata": {},
        "rendering_options": None,
    },
}
TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
CONSENTS = ("payment_method_reuse_agreement", "promotions", "terms_of_service")
# What a parameter becomes when it was not given, unless that is null.
ASIDE: Document = {
    "adaptive_pricing": {"enabled": False},
    "metadata": {},
    "phone_number_collection": {"enabled": False},
    "ui_mode": "hosted_page",
    "customer_creation": "if_required",
}
ECHOED = (
    "adaptive_pricing", "allow_promotion_codes", "billing_address_collection", "cancel_url",
    "client_reference_id", "customer", "customer_creation", "customer_email", "locale", "metadata", "mode",
    "permissions", "phone_number_collection", "shipping_address_collection", "submit_type", "success_url", "ui_mode",
)  # fmt: skip
NULL = (
    "allowed_payment_method_types", "client_secret", "collected_information", "consent",
    "currency_conversion", "customer_account", "excluded_payment_method_types",
    "integration_identifier", "invoice", "origin_context", "payment_intent", "payment_link", "recovered_from",
    "saved_payment_method_options", "setup_intent", "shipping_cost", "subscription", "url", "wallet_options",
)  # fmt: skip


def blank(params: dict[str, Any], name: str, *, created: int, livemode: bool) -> Document:
    """An open session without its amounts, url and client_secret."""
    hosted = params.get("ui_mode", "hosted_page") == "hosted_page"
    session: Document = {
        "id": name,
        "object": "checkout.session",
        **dict.fromkeys(NULL),
        **{key: params.get(key, ASIDE.get(key)) for key in ECHOED},
        "after_expiration": _recovery(params),
        "automatic_tax": _tax(enabled=params.get("automatic_tax", {}).get("enabled", False)),
        "branding_settings": {**BRANDING, **params.get("branding_settings", {})} if hosted else None,
        "consent_collection": _filled(CONSENTS, params.get("consent_collection")),
        "created": created,
        "currency": params["line_items"][0]["price_data"]["currency"],
        "custom_fields": [],
        "custom_text": {**dict.fromkeys(TEXTS), **params.get("custom_text", {})},
        "customer_details": details(email=params["customer_email"]) if "customer_email" in params else None,
        "discounts": [],
        "expires_at": params.get("expires_at", created + DAY),
        "invoice_creation": INVOICE,
        "livemode": livemode,
        "managed_payments": {"enabled": False},
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": {"id": "pmc_1SandboxPaymentMethods00", "parent": None},
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card", "us_bank_account"],
        "payment_status": "unpaid",
        "shipping_options": [],
        "status": "open",
    }
    return session if hosted else {**session, **_returning(params)}


def _returning(params: dict[str, Any]) -> Document:
    only_embedded = {"redirect_on_completion": params.get("redirect_on_completion", "always")}
    return {
        "return_url": params.get("return_url"),
        **(only_embedded if params["ui_mode"] == "embedded_page" else {}),
    }


def _filled(keys: tuple[str, ...], given: dict[str, Any] | None) -> Document | None:
    return None if given is None else {**dict.fromkeys(keys), **given}


def _recovery(params: dict[str, Any]) -> Document | None:
    given = params.get("after_expiration", {}).get("recovery")
    if given is None:
        return None
    return {"recovery": {"allow_promotion_codes": False, "expires_at": None, "url": None, **given}}


def _tax(*, enabled: bool) -> Document:
    return {
        "enabled": enabled,
        "liability": {"type": "self"} if enabled else None,
        "provider": "stripe" if enabled else None,
        "status": "requires_location_inputs" if enabled else None,
    }


def details(
    *, email: str, name: str | None = None, phone: str | None = None, address: Document | None = None
) -> Document:
    """Who pays. Before the payment only an e-mail that the shop gave is known."""
    return {
        "address": address,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": phone,
        "tax_exempt": "none",
        "tax_ids": [] if address else None,
    }
