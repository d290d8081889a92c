"""The event webhook: what became of a mail, signed with a key pair that lives in the store."""

import base64
import json
import secrets
from functools import cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox import clock, deliveries, settings, store
from sandbox.sendgrid.kinds import MAIL, SIGNER
from sandbox.store import Document

URL = f"{settings.SHOP_URL}/api/webhooks/sendgrid"
# What SendGrid says beside the name of the event.
DETAILS: dict[str, Document] = {
    "delivered": {"response": "250 2.0.0 OK"},
    "bounce": {
        "bounce_classification": "Invalid Address",
        "reason": "550 5.1.1 The email account that you tried to reach does not exist.",
        "status": "5.1.1",
        "tls": 1,
        "type": "bounce",
    },
    "spamreport": {},
    "unsubscribe": {},
    "open": {"useragent": "Mozilla/5.0", "ip": "198.51.100.7", "sg_machine_open": False},
    "dropped": {"reason": "Bounced Address", "status": "5.0.0"},
    "deferred": {"response": "400 try again later", "attempt": "1"},
}


def _pair() -> Document:
    """Made once. Kept whole in the store, so that a restart does not change what the shop was told."""
    with store.change():
        pair = store.read(SIGNER, "webhook")
        if pair is None:
            private = ec.generate_private_key(ec.SECP256R1())
            pair = {
                "private": _spelled(
                    private.private_bytes(
                        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                    )
                ),
                "public": _spelled(
                    private.public_key().public_bytes(
                        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
                    )
                ),
            }
            store.write(SIGNER, "webhook", pair)
    return pair


def _spelled(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def public_key() -> str:
    return str(_pair()["public"])


@cache
def _private(spelled: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_der_private_key(base64.b64decode(spelled), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the signing key is not on a curve")
    return key


def sign(body: bytes, _key: str) -> dict[str, str]:
    """Headers of one try: the signature covers the time and the body."""
    now = str(clock.now())
    signature = _private(_pair()["private"]).sign(now.encode() + body, ec.ECDSA(hashes.SHA256()))
    prefix = "X-Twilio-Email-Event-Webhook"
    return {f"{prefix}-Signature": _spelled(signature), f"{prefix}-Timestamp": now, "User-Agent": "SendGrid Event API"}


def happen(mail: Document, name: str) -> Document:
    """Tells the shop that this became of the mail; raises KeyError for an event that does not exist."""
    details = DETAILS[name]
    event = {
        **mail["custom_args"],
        "email": mail["to"].partition(",")[0],
        "timestamp": clock.now(),
        "smtp-id": f"<{mail['message_id']}@geopod-ismtpd-1>",
        "event": name,
        "category": mail["categories"],
        "sg_event_id": secrets.token_urlsafe(22),
        "sg_message_id": f"{mail['message_id']}.filter0001.16648.5515E0B88.0",
        **details,
    }
    with store.change():
        store.write(MAIL, mail["id"], {**mail, "events": [*mail["events"], name]})
        # SendGrid ends the body with CR LF, and the signature covers them.
        body = json.dumps([event]).encode() + b"\r\n"
        deliveries.deliver(sender="sendgrid", url=URL, body=body, event_id=event["sg_event_id"], about=name)
    return event
