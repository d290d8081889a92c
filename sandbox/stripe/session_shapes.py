"""The parameters of a Checkout Session, name by name."""

from sandbox.stripe.shapes import (
    Anything,
    Choice,
    Country,
    Currency,
    Email,
    Fields,
    Flag,
    Fraction,
    Many,
    Metadata,
    Shape,
    Text,
    Url,
    Whole,
)

MOST_LINES, MOST_IMAGES, MOST_RATES, MOST_QUANTITY = 100, 8, 5, 999_999
MOST_AMOUNT = 99_999_999
UI_MODES = ("elements", "embedded_page", "form", "hosted_page")
LOCALES = (
    "auto", "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr",
    "fr-CA", "hr", "hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt",
    "pt-BR", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi", "zh", "zh-HK", "zh-TW",
)  # fmt: skip

ENABLED = Fields({"enabled": Flag()}, ("enabled",))
TAX_BEHAVIOR = Choice("exclusive", "inclusive", "unspecified")
EXPAND = Many(Text(), 40)
MESSAGE = Fields({"message": Text(1200)}, ("message",))
PERIOD = Fields({"unit": Choice("business_day", "day", "hour", "month", "week"), "value": Whole(1)}, ("unit", "value"))
ADDRESS = Fields(
    {
        "city": Text(),
        "country": Text(2),
        "line1": Text(),
        "line2": Text(),
        "postal_code": Text(),
        "state": Text(),
    },
    ("line1",),
)
SHIP_TO = Fields(
    {"address": ADDRESS, "name": Text(), "carrier": Text(), "phone": Text(), "tracking_number": Text()},
    ("address", "name"),
)
PRODUCT_DATA = Fields(
    {
        "name": Text(),
        "description": Text(40_000),
        "images": Many(Url(), MOST_IMAGES),
        "metadata": Metadata(),
        "tax_code": Text(),
        "tax_details": Anything(),
        "unit_label": Text(12),
    },
    ("name",),
)
PRICE_DATA = Fields(
    {
        "currency": Currency(),
        "product": Text(),
        "product_data": PRODUCT_DATA,
        "recurring": Anything(),
        "tax_behavior": TAX_BEHAVIOR,
        "unit_amount": Whole(0, MOST_AMOUNT),
        "unit_amount_decimal": Fraction(),
    },
    ("currency",),
)
LINE = Fields(
    {
        "adjustable_quantity": Fields(
            {"enabled": Flag(), "maximum": Whole(1, MOST_QUANTITY), "minimum": Whole(0, MOST_QUANTITY)},
            ("enabled",),
        ),
        "metadata": Metadata(),
        "price": Text(),
        "price_data": PRICE_DATA,
        "quantity": Whole(1, MOST_QUANTITY),
        "tax_rates": Many(Text()),
    }
)
RATE_DATA = Fields(
    {
        "delivery_estimate": Fields({"maximum": PERIOD, "minimum": PERIOD}),
        "display_name": Text(100),
        "fixed_amount": Fields(
            {"amount": Whole(0, MOST_AMOUNT), "currency": Currency(), "currency_options": Anything()},
            ("amount", "currency"),
        ),
        "metadata": Metadata(),
        "tax_behavior": TAX_BEHAVIOR,
        "tax_code": Text(),
        "type": Choice("fixed_amount"),
    },
    ("display_name",),
)
SHIPPING_OPTIONS = Many(Fields({"shipping_rate": Text(), "shipping_rate_data": RATE_DATA}), MOST_RATES)
INTENT_DATA = Fields(
    {
        "application_fee_amount": Anything(),
        "capture_method": Choice("automatic", "automatic_async", "manual"),
        "description": Text(1000),
        "metadata": Metadata(),
        "on_behalf_of": Anything(),
        "receipt_email": Email(),
        "setup_future_usage": Choice("off_session", "on_session"),
        "shipping": SHIP_TO,
        "statement_descriptor": Text(22),
        "statement_descriptor_suffix": Text(22),
        "transfer_data": Anything(),
        "transfer_group": Text(),
    }
)
# What a shop sends, checked to the last name.
SPOKEN: dict[str, Shape] = {
    "adaptive_pricing": Fields({"enabled": Flag()}),
    "after_expiration": Fields(
        {"recovery": Fields({"allow_promotion_codes": Flag(), "enabled": Flag()}, ("enabled",))}
    ),
    "allow_promotion_codes": Flag(),
    "automatic_tax": Fields({"enabled": Flag(), "liability": Anything()}, ("enabled",)),
    "billing_address_collection": Choice("auto", "required"),
    "cancel_url": Url(),
    "client_reference_id": Text(200),
    "consent_collection": Fields(
        {
            "payment_method_reuse_agreement": Fields({"position": Choice("auto", "hidden")}, ("position",)),
            "promotions": Choice("auto", "none"),
            "terms_of_service": Choice("none", "required"),
        }
    ),
    "currency": Currency(),
    "custom_text": Fields(
        {
            "after_submit": MESSAGE,
            "shipping_address": MESSAGE,
            "submit": MESSAGE,
            "terms_of_service_acceptance": MESSAGE,
        }
    ),
    "customer": Text(),
    "customer_creation": Choice("always", "if_required"),
    "customer_email": Email(),
    "discounts": Many(Fields({"coupon": Text(), "promotion_code": Text()}), 1),
    "expand": EXPAND,
    "expires_at": Whole(0),
    "line_items": Many(LINE, MOST_LINES, 1),
    "locale": Choice(*LOCALES),
    "metadata": Metadata(),
    "mode": Choice("payment", "setup", "subscription"),
    "payment_intent_data": INTENT_DATA,
    "permissions": Fields({"update_shipping_details": Choice("client_only", "server_only")}),
    "phone_number_collection": ENABLED,
    "redirect_on_completion": Choice("always", "if_required", "never"),
    "return_url": Url(),
    "shipping_address_collection": Fields({"allowed_countries": Many(Country(), 250, 1)}, ("allowed_countries",)),
    "shipping_options": SHIPPING_OPTIONS,
    "submit_type": Choice("auto", "book", "donate", "pay", "subscribe"),
    "success_url": Url(),
    "ui_mode": Choice(*UI_MODES),
}
# Accepted and without effect in this sandbox.
HEARD = (
    "allowed_payment_method_types", "branding_settings", "custom_fields", "customer_account",
    "customer_update", "excluded_payment_method_types", "integration_identifier",
    "invoice_creation", "managed_payments", "name_collection", "optional_items", "origin_context",
    "payment_method_collection", "payment_method_configuration", "payment_method_data",
    "payment_method_options", "saved_payment_method_options", "setup_intent_data",
    "subscription_data", "tax_id_collection", "wallet_options",
)  # fmt: skip

CREATE = Fields({**SPOKEN, **{name: Anything() for name in HEARD}}, ("mode", "line_items"))
UPDATE = Fields(
    {
        "collected_information": Fields({"shipping_details": SHIP_TO}),
        "expand": EXPAND,
        "line_items": Many(Fields({**LINE.known, "id": Text()}), MOST_LINES, 1),
        "metadata": Metadata(),
        "payment_intent_data": INTENT_DATA,
        "shipping_options": SHIPPING_OPTIONS,
    }
)
EXPIRE = Fields({"expand": EXPAND})
