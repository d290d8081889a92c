"""Mails in the outbox, a brand of our own, and SendGrid's signing key pair."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from notifications import outbox
from notifications.models import OutgoingEmail
from notifications.samples import sample

Queue = Callable[..., OutgoingEmail]


@pytest.fixture
def queued() -> Queue:
    """Queue the sample of a kind and return its row."""

    def queue(kind: str = "order_confirmed", **given: Any) -> OutgoingEmail:
        values = {
            "dedupe_key": f"{kind}:1",
            "to": "ada@example.com",
            "language": "en",
            "context": sample(kind),
            "reference": "IL-10482",
        } | given
        outbox.queue(kind, **values)
        return OutgoingEmail.objects.get(dedupe_key=values["dedupe_key"])

    return queue


@pytest.fixture
def sendgrid(settings: Settings) -> None:
    """Mail leaves through Anymail, as in production; `responses` answers for SendGrid."""
    settings.EMAIL_BACKEND = "notifications.delivery.EmailBackend"


class Signer:
    """SendGrid's side of the event webhook."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public(self) -> str:
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        der = self.key.public_key().public_bytes(serialization.Encoding.DER, info)
        return base64.b64encode(der).decode()

    def headers(self, body: str, *, age: float = 0.0) -> dict[str, str]:
        timestamp = str(int(time.time() - age))
        signature = self.key.sign((timestamp + body).encode(), ec.ECDSA(hashes.SHA256()))
        return {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
        }


@pytest.fixture
def signer(settings: Settings) -> Signer:
    made = Signer()
    settings.SENDGRID_WEBHOOK_PUBLIC_KEY = made.public
    return made


def posted(client: Client, body: str, headers: dict[str, str]) -> HttpResponse:
    response = client.post("/api/webhooks/sendgrid", body, content_type="application/json", headers=headers)
    assert isinstance(response, HttpResponse)
    return response


def written(*events: dict[str, Any]) -> str:
    """The body as SendGrid writes it: its line breaks belong to what is signed."""
    return "[" + ",\r\n".join(json.dumps(event) for event in events) + "]\r\n"
