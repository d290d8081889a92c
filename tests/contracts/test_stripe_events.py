"""Stripe's events from the signature to the inbox, and its sessions into facts: ours always, genuine-shaped ones where
they are at hand.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from ilytat.integrations import inbox
from ilytat.integrations.models import InboundEvent
from payments import gateway
from tests.needs import SHARED
from tests.payloads import payload
from tests.payments.conftest import Till, event_body, signed

pytestmark = pytest.mark.django_db

FOLDER = SHARED / "stripe" / "events"
GENUINE = sorted(FOLDER.glob("*.json")) or [FOLDER / "events.json"]  # one name to report as not run
OURS = [
    ("checkout.session.completed", "stripe/session"),
    ("checkout.session.async_payment_succeeded", "stripe/session"),
    ("checkout.session.async_payment_failed", "stripe/session"),
    ("checkout.session.expired", "stripe/session"),
    ("charge.dispute.created", "stripe/dispute"),
    ("charge.refunded", "stripe/charge"),
    ("radar.early_fraud_warning.created", "stripe/early_fraud_warning"),
    ("refund.failed", "stripe/refund"),
]


def _delivered(body: bytes) -> InboundEvent:
    """Through the door, as Stripe knocks."""
    answer = Client().post(
        "/api/webhooks/stripe", body, content_type="application/json", headers={"Stripe-Signature": signed(body)}
    )
    assert answer.status_code == 200
    return InboundEvent.objects.get()


def _judge(body: bytes) -> None:
    event = _delivered(body)
    said = json.loads(body)
    assert event.payload == said
    assert event.subject == said["data"]["object"]
    listened_to = event.type in inbox.types("stripe")
    assert event.state == ("new" if listened_to else "ignored")
    if event.type.startswith(("charge.", "radar.")) and listened_to:
        assert str(event.subject["payment_intent"]).startswith("pi_"), "that is what we find the order by"
    if event.type.startswith("checkout."):
        assert str(event.subject["id"]).startswith("cs_")


@pytest.mark.parametrize(("type_", "about"), OURS)
def test_our_events_reach_the_inbox_whole(type_: str, about: str) -> None:
    _judge(event_body(type_, payload(about)))


@pytest.mark.needs("shared")
@pytest.mark.parametrize("path", GENUINE, ids=lambda path: path.stem)
def test_genuine_events_reach_the_inbox_whole(path: Path) -> None:
    body = path.read_bytes()
    assert json.loads(body)["api_version"] == gateway.API_VERSION
    _judge(body)


SESSIONS = [path for path in GENUINE if "checkout.session" in path.name] or GENUINE


@pytest.mark.needs("shared")
@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_genuine_sessions_become_facts(till: Till, path: Path) -> None:
    said: dict[str, Any] = json.loads(path.read_text())["data"]["object"]
    facts = gateway.session(till.session(said)["id"])
    details = said["total_details"]
    assert (facts.id, facts.status, facts.payment_status) == (said["id"], said["status"], said["payment_status"])
    assert (facts.total, facts.subtotal) == (said["amount_total"], said["amount_subtotal"])
    assert (facts.shipping, facts.tax, facts.discount) == (
        details["amount_shipping"],
        details["amount_tax"],
        details["amount_discount"],
    )
    assert facts.total == facts.subtotal - facts.discount + facts.shipping + facts.tax
    assert facts.currency == said["currency"].upper()
    assert facts.order == (said["client_reference_id"] or "")
    assert facts.payment_intent == (said["payment_intent"] or "")
    assert facts.paid is (said["status"] == "complete" and said["payment_status"] != "unpaid")


@pytest.mark.needs("shared")
def test_every_kind_of_event_we_listen_to_was_judged_by_a_genuine_one() -> None:
    kinds = {json.loads(path.read_text())["type"] for path in GENUINE}
    # The same objects under another name; and reviews, which only shops with Radar for Teams are told of.
    siblings = {"charge.refund.updated", "radar.early_fraud_warning.updated", "review.opened", "review.closed"}
    assert set(inbox.types("stripe")) - siblings <= kinds


def test_the_readme_names_every_event_that_the_endpoint_needs() -> None:
    """What is handled and not subscribed to would be found missing by every comparison."""
    words = (Path(__file__).parents[2] / "README.md").read_text()
    step = words.split("**Stripe's webhook.**", 1)[1].split("Others are kept", 1)[0]
    assert sorted(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", step)) == inbox.types("stripe")
