"""Printify's ways of saying no. A view raises `Refused`; the gate makes the answer."""

import json
import secrets
import uuid
from typing import Any

from django.http import JsonResponse

from sandbox import clock

ADDRESS, FOREIGN, BODY, NO_CHANNEL, TOO_EARLY, DUPLICATE = 8103, 8104, 8150, 8254, 8502, 8503
# The answer to a move that an order's status forbids is not documented: this number is ours.
WRONG_STATUS = 8599


class Refused(Exception):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body

    def answer(self) -> JsonResponse:
        return JsonResponse(self.body, status=self.status, safe=False)


def failure(code: int, reason: str, *, message: str = "Validation failed.", status: int = 400) -> Refused:
    errors = {"reason": reason, "code": code}
    return Refused(status, {"status": "error", "code": code, "message": message, "errors": errors})


def field(name: str, complaint: str = "is required") -> Refused:
    """A body field is missing or wrong, in the words of the framework behind Printify."""
    return failure(BODY, f"{name}: The {name.replace('_', ' ')} field {complaint}.")


def address(complaints: dict[str, list[str]]) -> Refused:
    """The reason is a JSON document inside the string."""
    return failure(ADDRESS, json.dumps(complaints, separators=(",", ":")))


def duplicate(order_id: str, external_id: str) -> Refused:
    refused = failure(
        DUPLICATE, "Order already exists for the given external_id.", message="Operation failed.", status=409
    )
    refused.body["order"] = {"id": order_id, "external_id": external_id}
    return refused


def too_early() -> Refused:
    """Files are still being processed: transient, and it comes without any reason."""
    return Refused(400, {"status": "error", "code": TOO_EARLY, "message": "Operation failed."})


def wrong_status(status: str, verb: str) -> Refused:
    return failure(WRONG_STATUS, f"Order with status {status} can not be {verb}.", message="Operation failed.")


def not_found() -> Refused:
    return Refused(404, _unrouted("Not found"))


def wrong_method() -> Refused:
    """Printify answers with JSON; the keys are those of a 404, because they are not documented."""
    return Refused(405, _unrouted("Method not allowed"))


def _unrouted(error: str) -> dict[str, str]:
    return {"error": error, "request_id": f"{clock.now()}@{uuid.uuid4()}"}


def new_id() -> str:
    """24 hexadecimal digits, as orders, line items, products and webhooks have."""
    return secrets.token_hex(12)
