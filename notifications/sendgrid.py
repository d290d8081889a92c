"""Anymail's SendGrid backend, which follows no redirect: whoever answers with one shall not get our key."""

from typing import Any

from anymail.backends import sendgrid
from anymail.message import AnymailMessage


class Payload(sendgrid.SendGridPayload):  # type: ignore[misc]  # Anymail carries no types
    def get_request_params(self, api_url: str) -> dict[str, Any]:
        return {**super().get_request_params(api_url), "allow_redirects": False}


class EmailBackend(sendgrid.EmailBackend):  # type: ignore[misc]  # as above
    def build_message_payload(self, message: AnymailMessage, defaults: dict[str, Any]) -> Payload:
        return Payload(message, defaults, self)
