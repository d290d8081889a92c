"""What `/api/schema` says beyond what the routes say of themselves: errors, validators, Stripe's webhook, who calls."""

from typing import Any

from django.conf import settings
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

Part = dict[str, Any]

ERROR: Part = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "fields"],
            "properties": {
                "code": {"type": "string", "description": "For programs; does not change."},
                "message": {"type": "string", "description": "For people; may change."},
                "fields": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        }
    },
}
MEANINGS = {
    "400": "The signature is missing or wrong, or the body cannot be read.",
    "401": "Neither staff (with the second factor that the admin asks for) nor the service token.",
    "403": "Sent by a page of another site.",
    "404": "There is nothing by that id, slug or number.",
    "409": "Not possible in the present state.",
    "413": "The body is too large.",
    "415": "The body is not declared as application/json.",
    "422": "Some values cannot be used; `fields` names them.",
    "429": "Too many tries from one address. Wait a minute.",
    "503": "A provider cannot be asked now, or is not set up. Try again later.",
}
FAILURES = {
    ("/api/products", "get"): ("404", "422"),
    ("/api/products/{product_id}", "get"): ("404",),
    ("/api/orders/fulfill", "post"): ("400", "401", "403", "404", "409", "415", "422"),
    ("/api/checkout/create-session", "post"): ("400", "403", "404", "409", "415", "422", "429", "503"),
    ("/api/checkout/success", "get"): ("422", "429"),
    ("/api/webhooks/stripe", "post"): ("400", "413", "503"),
}
CACHED = ("/api/products", "/api/products/{product_id}")
ETAG = {"ETag": {"schema": {"type": "string"}, "description": "Send it back as If-None-Match."}}
CHANGED = {"Last-Modified": {"schema": {"type": "string"}, "description": "Send it back as If-Modified-Since."}}
WEBHOOK: Part = {
    "operationId": "receiveStripeEvent",
    "summary": "Stripe's webhook",
    "description": "For Stripe alone. Every verified event is answered with 200, known or not, and worked on later.",
    "tags": ["webhooks"],
    "parameters": [{"in": "header", "name": "Stripe-Signature", "required": True, "schema": {"type": "string"}}],
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
    "responses": {
        "200": {
            "description": "Kept.",
            "content": {
                "application/json": {
                    "schema": {"type": "object", "required": ["received"], "properties": {"received": {"const": True}}}
                }
            },
        }
    },
}
SECURITY = {
    "serviceToken": {"type": "http", "scheme": "bearer", "description": "The setting API_TOKEN."},
    "staffSession": {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "With X-CSRFToken."},
}


class ShopAPI(NinjaAPI):
    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Part | None = None) -> OpenAPISchema:
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        schema["info"]["description"] = (
            f"The shop's catalog and checkout. Amounts are minor units of {settings.SHOP_CURRENCY}. Every path also "
            "works with a trailing slash."
        )
        schema["servers"] = [{"url": settings.SITE_URL}]
        schema["paths"]["/api/webhooks/stripe"] = {"post": WEBHOOK}
        schema["paths"]["/api/orders/fulfill"]["post"]["security"] = [{name: []} for name in SECURITY]
        schema["components"].setdefault("schemas", {})["Error"] = ERROR
        schema["components"]["securitySchemes"] = SECURITY
        for (path, method), statuses in FAILURES.items():
            _complete(path, schema["paths"][path][method], statuses)
        return schema


def _complete(path: str, operation: Part, statuses: tuple[str, ...]) -> None:
    answers = {str(status): answer for status, answer in operation["responses"].items()}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    answers |= {status: {"description": MEANINGS[status], "content": content} for status in statuses}
    answers["default"] = {"description": "Something went wrong on our side.", "content": content}
    if path in CACHED:
        answers["200"] = answers["200"] | {"headers": ETAG | CHANGED}
        answers["304"] = {"description": "Nothing new since what the validators name.", "headers": ETAG | CHANGED}
    operation["responses"] = answers
