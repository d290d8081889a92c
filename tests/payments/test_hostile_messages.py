"""What a provider says of a refusal is for staff, shortened and escaped; no buyer reads it."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from ilytat.accounts.models import User
from ilytat.integrations.models import Alert
from notifications.models import OutgoingEmail
from orders.models import Fulfilment
from tests import factories
from tests.addresses import ADDRESS
from tests.orders.conftest import SHOP, Upstream, look, paid
from tests.orders.test_identity import page, proven
from tests.pages import placed_here
from tests.payloads import payload
from tests.payments.conftest import API, SESSION, Till, refused

pytestmark = pytest.mark.django_db
HOSTILE = "HOSTILE <script>alert(1)</script><b>\x1b[31m\x00\u202e _Pool(host='x') " + "x" * 10_000
REFUSAL = {"status": "error", "code": 8150, "message": HOSTILE, "errors": {"reason": HOSTILE}}


@pytest.fixture
def refused_order(upstream: Upstream) -> Fulfilment:
    """A paid order that Printify refuses with a hostile message."""
    upstream.answers_create(status=400, json=REFUSAL)
    job = look(paid())
    assert job.state == "attention"
    return job


def _buyer_pages(client: Client, job: Fulfilment) -> Iterator[str]:
    placed_here(proven(client, job.order), job.order)
    yield from (page(job.order, tail) for tail in ("", "cancel/", "address/", "problem/"))
    yield f"/checkout/success/?session_id={SESSION}"
    yield f"/api/checkout/success?session_id={SESSION}"


def test_no_page_or_email_of_a_buyer_shows_what_a_provider_said(
    client: Client, upstream: Upstream, refused_order: Fulfilment
) -> None:
    upstream.mock.add("GET", f"{API}/checkout/sessions/{SESSION}", **refused(message=HOSTILE))
    for url in _buyer_pages(client, refused_order):
        answer = client.get(url, follow=True)
        assert answer.status_code in {200, 404}, url
        assert b"HOSTILE" not in answer.content, url
        assert b"_Pool" not in answer.content, url
    for mail in OutgoingEmail.objects.exclude(kind__startswith="staff"):
        assert "HOSTILE" not in f"{mail.context} {mail.text} {mail.html}"


@pytest.mark.parametrize("refuses", ["printify", "stripe"])
def test_no_json_route_shows_what_a_provider_said(client: Client, upstream: Upstream, till: Till, refuses: str) -> None:
    shipping = {"json": payload("printify/shipping")} if refuses == "stripe" else {"status": 400, "json": REFUSAL}
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", **shipping)
    till.creates(**refused(message=HOSTILE))
    variant = factories.variant()
    item = {"product_id": variant.product_id, "variant_id": variant.variant_id, "quantity": 1}
    body = {"items": [item], "email": "ana@example.com", "address": ADDRESS}
    answer = client.post("/api/checkout/create-session", body, content_type="application/json")
    asked = till.asked("POST", "/sessions") if refuses == "stripe" else upstream.asked("POST", "/shipping.json")
    assert len(asked) == 1
    assert answer.status_code >= 400
    assert b"HOSTILE" not in answer.content
    assert len(answer.content) < 1000


def test_staff_read_the_message_shortened_on_one_line_and_escaped(client: Client, refused_order: Fulfilment) -> None:
    error = refused_order.last_error
    assert error.startswith("Printify refused the request (400). Printify says: HOSTILE alert(1)")
    assert (len(error) < 300, error.isprintable(), error[-1]) == (True, True, "…")
    alert = Alert.objects.get(key__startswith="fulfil")
    assert len(alert.message) < 400
    client.force_login(User.objects.create_superuser("chief@ilytat.test", "x"))
    for name in ("orders_fulfilment_changelist", "integrations_alert_changelist"):
        shown = client.get(reverse(f"admin:{name}")).content
        assert b"<script>alert(1)" not in shown
        assert b"x" * 500 not in shown
