"""Stripe's answers over `responses`, its signatures, and orders on their way to being paid."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
import responses
import stripe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalog.printify.client import printify
from ilytat.integrations import inbox, jobs
from ilytat.integrations.models import InboundEvent
from orders.models import Cart, Fulfilment, Order
from payments import checkout_page, gateway
from payments.models import CheckoutSession
from tests import factories
from tests.addresses import FORM
from tests.orders.conftest import SHOP, Upstream
from tests.pages import holding
from tests.payloads import payload
from tests.stack import KEYS
from tests.stand_in import Sandbox

API = "https://api.stripe.com/v1"
SESSION = "cs_test_b1ownSession000000000001"
INTENT = "pi_3ownIntent0000000001"
CREATE = "/checkout/sessions"
STRIPE = f"https://checkout.stripe.com/c/pay/{SESSION}"
Said = dict[str, Any]


class Till:
    """Stripe as this test wants it. What was not announced fails, as on a network that is down."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock = mock

    def session(self, found: Said) -> Said:
        """From now on, reading this session answers so."""
        self.mock.upsert("GET", f"{API}/checkout/sessions/{found['id']}", json=found)
        return found

    def creates(self, found: Said | None = None, **answer: Any) -> None:
        self.mock.add("POST", f"{API}/checkout/sessions", **({"json": found} if found else answer))

    def expires(self, session_id: str = SESSION, **answer: Any) -> None:
        self.mock.add("POST", f"{API}/checkout/sessions/{session_id}/expire", **answer)

    def dispute(self, **changes: Any) -> Said:
        """From now on, reading the dispute answers so."""
        found = payload("stripe/dispute", **changes)
        self.mock.upsert("GET", f"{API}/disputes/{found['id']}", json=found)
        return found

    def warning(self, **changes: Any) -> Said:
        found = payload("stripe/early_fraud_warning", **changes)
        self.mock.upsert("GET", f"{API}/radar/early_fraud_warnings/{found['id']}", json=found)
        return found

    def refund(self, **changes: Any) -> Said:
        """A refund as it stands at Stripe, alone or in the list of its payment."""
        found = payload("stripe/refund", **changes)
        self.mock.upsert("GET", f"{API}/refunds/{found['id']}", json=found)
        self.lists(found)
        return found

    def lists(self, *found: Said) -> None:
        page = {"object": "list", "data": list(found), "has_more": False, "url": "/v1/refunds"}
        self.mock.upsert("GET", f"{API}/refunds", json=page)

    def refunds(self, **answer: Any) -> None:
        self.mock.add("POST", f"{API}/refunds", **answer)

    def asked(self, method: str, ending: str) -> list[requests.PreparedRequest]:
        """The calls made to this route, oldest first."""
        calls = [call.request for call in self.mock.calls]
        return [x for x in calls if x.method == method and str(x.url).split("?", 1)[0].endswith(ending)]

    def keys(self, ending: str) -> list[str]:
        return [str(call.headers["Idempotency-Key"]) for call in self.asked("POST", ending)]


def form(request: requests.PreparedRequest) -> dict[str, str]:
    """The parameters of a call, as Stripe reads them: name[inner][0] → value."""
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
    return dict(parse_qsl(body, keep_blank_values=True))


@pytest.fixture
def till() -> Iterator[Till]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Till(mock)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's one repeat does not wait."""
    monkeypatch.setattr(stripe.HTTPClient, "_sleep_time_seconds", lambda *_: 0.0)


def refused(status: int = 400, *, kind: str = "invalid_request_error", **error: Any) -> Said:
    """The arguments of an answer that is an error."""
    return {"status": status, "json": {"error": {"type": kind, "message": "No.", **error}}}


def session_of(order: Order, *, number: int = 1, **changes: Any) -> Said:
    """A session as Stripe would show it for this order's attempt `number`, open unless changed."""
    made = payload("stripe/session", id=f"{SESSION[:-1]}{number}")
    made |= {
        "client_reference_id": order.number,
        "metadata": {"order": order.number, "attempt": str(number)},
        "amount_subtotal": order.subtotal,
        "amount_total": order.total,
        "currency": order.currency.lower(),
        "total_details": {"amount_discount": 0, "amount_shipping": order.shipping, "amount_tax": 0},
        "url": f"https://checkout.stripe.com/c/pay/{SESSION[:-1]}{number}",
    }
    return made | changes


def paid_session(order: Order, *, number: int = 1, refunded: int = 0, **changes: Any) -> Said:
    intent = payload("stripe/intent", id=f"{INTENT[:-1]}{number}", amount=order.total)
    intent["latest_charge"]["amount_refunded"] = refunded
    paid = {"status": "complete", "payment_status": "paid", "url": None, "payment_intent": intent}
    return session_of(order, number=number, **paid | changes)


def expired_session(order: Order, *, number: int = 1, **changes: Any) -> Said:
    return session_of(order, number=number, **{"status": "expired", "url": None} | changes)


def waiting(*, quantity: int = 1, **given: Any) -> Order:
    """An order of one line that awaits payment."""
    return factories.order(factories.variant(), quantity=quantity, **given)


def opened(order: Order, *, number: int = 1, **given: Any) -> CheckoutSession:
    """A row whose session is open at Stripe."""
    values = {
        "attempt": number,
        "idempotency_key": f"checkout-{order.number}-{number}",
        "stripe_session_id": f"{SESSION[:-1]}{number}",
        "url": f"https://checkout.stripe.com/c/pay/{SESSION[:-1]}{number}",
        "state": "open",
        "expires_at": timezone.now() + timedelta(hours=1),
    }
    return CheckoutSession.objects.create(order=order, cart=order.cart, **values | given)


def signed(body: bytes, *, secret: str | None = None, age: int = 0) -> str:
    """A Stripe-Signature header, by the library's own helper."""
    given = secret if secret is not None else settings.STRIPE_WEBHOOK_SECRETS[0]
    return str(
        stripe.WebhookSignature.generate_signature_header(body.decode(), given, timestamp=int(time.time()) - age)
    )


def event_body(type_: str = "checkout.session.completed", about: Said | None = None, **changes: Any) -> bytes:
    made = payload("stripe/event", type=type_, data={"object": about or {"id": SESSION}}) | changes
    return json.dumps(made).encode()


def kept(body: bytes) -> InboundEvent:
    """The event of this body in the inbox, as the door would have left it."""
    event = json.loads(body)
    inbox.receive("stripe", event["id"], event["type"], event)
    return InboundEvent.objects.get(event_id=event["id"])


def handle(event: InboundEvent) -> InboundEvent:
    """A worker's look at the event, now, whenever it is due."""
    InboundEvent.objects.filter(pk=event.pk).update(next_at=timezone.now(), lease_until=None)
    jobs.work_one(inbox.queue, event.pk)
    event.refresh_from_db()
    return event


@pytest.fixture
def upstream(till: Till) -> Upstream:
    """Printify beside Stripe, on the same line."""
    return Upstream(till.mock)


def awaits_production(till: Till) -> Fulfilment:
    """A paid order of 29.74 whose printing has not begun; its payment is INTENT."""
    order = waiting()
    opened(order)
    till.session(paid_session(order))
    assert handle(kept(event_body(id="evt_paid"))).outcome == "handled"
    return Fulfilment.objects.select_related("order").get(order=order)


def printing_began(job: Fulfilment) -> Fulfilment:
    Fulfilment.objects.filter(pk=job.pk).update(state="in_production", printify_order_id="p1", sent_at=timezone.now())
    return Fulfilment.objects.select_related("order").get(pk=job.pk)


@pytest.fixture
def shipping(upstream: Upstream) -> Upstream:
    """Printify tells what delivery costs."""
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json=payload("printify/shipping"))
    return upstream


@pytest.fixture
def cart(client: Client, shipping: Upstream, till: Till) -> Cart:
    """Two of a thing in this browser's cart; Stripe makes sessions."""
    till.creates(payload("stripe/session"))
    made = holding(client, factories.cart(factories.variant(price=2499), quantity=2))
    client.get("/checkout/")
    return made


def pay(client: Client, **changes: Any) -> Any:
    """Press Pay on the checkout page."""
    return client.post("/checkout/", FORM | changes)


def remembers(client: Client, *orders: Order) -> None:
    """These orders were placed from this browser."""
    session = client.session
    session[checkout_page.MINE] = [order.token for order in orders]
    session.save()


@pytest.fixture
def at_sandbox(sandbox: Sandbox, settings: Settings) -> Iterator[Sandbox]:
    """The shop's own clients speak to the sandbox's process over HTTP."""
    settings.PRINTIFY_API_BASE = f"{sandbox.url}/printify"
    settings.STRIPE_API_BASE = f"{sandbox.url}/stripe"
    settings.PRINTIFY_PRINTS_FOR_REAL = False
    for name in ("PRINTIFY_API_KEY", "PRINTIFY_SHOP_ID", "STRIPE_SECRET_KEY"):
        setattr(settings, name, KEYS[name])
    _forget_clients()
    yield sandbox
    _forget_clients()


def _forget_clients() -> None:
    printify.cache_clear()
    gateway._client.cache_clear()
