"""Printify's own description of its API: which routes it has, and what does not fit its types."""

import copy
import json
import re
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from openapi_schema_validator import OAS30Validator

from tests.needs import SHARED

Schema = dict[str, Any]
JSON = "application/json"
# Documented elsewhere (contract, sections 8 and 9): a secret may come with a subscription; the id that a shop gave
# its order is text in every capture.
SECRET: Schema = {"type": "string"}
SHOP_ORDER_ID: Schema = {"type": "string"}


@cache
def document() -> Any:
    known = json.loads((SHARED / "printify" / "openapi-2026-09.json").read_text())
    schemas = known["components"]["schemas"]
    schemas["createWebhookRequest"]["properties"]["secret"] = SECRET
    schemas["orderMetadata"]["properties"]["shop_order_id"] = SHOP_ORDER_ID
    return known


@cache
def _strict_components() -> Any:
    """The same schemas, for requests: a name that is not described is wrong."""
    components = copy.deepcopy(document()["components"])
    waiting = [components]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
            if value.get("type") == "object" and isinstance(value.get("properties"), dict):
                value.setdefault("additionalProperties", False)
        elif isinstance(value, list):
            waiting += value
    return components


def operation(method: str, path: str) -> Any:
    """Return the description of this call, None when there is no such route. A path without parameters goes first."""
    fitting = [
        (template.count("{"), route)
        for template, route in document()["paths"].items()
        if method.lower() in route and re.fullmatch(re.sub(r"\\?\{\w+\\?\}", "[^/]+", re.escape(template)), path)
    ]
    return min(fitting, key=lambda pair: pair[0])[1][method.lower()] if fitting else None


def request_problems(method: str, url: str, body: bytes | None) -> list[str]:
    """What of a call to this path (without the host) is not described: the route, a parameter, a value."""
    parts = urlsplit(url)
    known = operation(method, parts.path)
    if known is None:
        return [f"{method} {parts.path} is not described"]
    named = {row["name"] for row in known.get("parameters", [])}
    problems = [f"?{name} is not described" for name, _ in parse_qsl(parts.query) if name not in named]
    if body and "requestBody" in known:
        schema = known["requestBody"]["content"][JSON]["schema"]
        problems += _unlike(json.loads(body), schema, _strict_components())
    elif body:
        problems.append("a body is not described")
    return problems


def answer_problems(method: str, path: str, status: int, content: bytes) -> list[str]:
    """What of an answer contradicts the described types. Keys that are not described are no contradiction."""
    described = (operation(method, path) or {"responses": {}})["responses"].get(str(status))
    if described is None:
        return [f"the status {status} is not described"]
    if JSON not in described.get("content", {}):
        return []
    return _unlike(json.loads(content), described["content"][JSON]["schema"], document()["components"])


def _unlike(value: Any, schema: Schema, components: Any) -> list[str]:
    validator = OAS30Validator({**schema, "components": components})
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]
