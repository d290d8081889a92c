import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from ilytat.integrations.models import InboundEvent
from tests.notifications.conftest import Signer, posted, written

pytestmark = pytest.mark.django_db
BOUNCE = {
    "email": "ada@example.com",
    "timestamp": 1793750000,
    "event": "bounce",
    "type": "bounce",
    "sg_event_id": "evt-1",
    "reason": "550 no such user",
    "dedupe_key": "order_confirmed:1",
}
OPEN = {"email": "ada@example.com", "event": "open", "sg_event_id": "evt-2"}


def test_a_signed_delivery_is_kept_event_by_event(client: Client, signer: Signer) -> None:
    body = written(BOUNCE, OPEN)
    assert posted(client, body, signer.headers(body)).status_code == 200
    kept = InboundEvent.objects.order_by("event_id").values_list("source", "event_id", "type", "state")
    assert list(kept) == [
        ("sendgrid", "evt-1", "bounce", "new"),
        ("sendgrid", "evt-2", "open", "ignored"),
    ]
    assert InboundEvent.objects.get(event_id="evt-1").payload == BOUNCE


def test_a_repeated_delivery_changes_nothing(client: Client, signer: Signer) -> None:
    body = written(BOUNCE)
    for _ in range(2):
        assert posted(client, body, signer.headers(body)).status_code == 200
    assert InboundEvent.objects.count() == 1


def test_an_event_without_an_id_is_known_by_its_content(client: Client, signer: Signer) -> None:
    body = written({"event": "open", "email": "a@example.com"})
    for _ in range(2):
        posted(client, body, signer.headers(body))
    assert InboundEvent.objects.count() == 1


@pytest.mark.parametrize("given", [None, "", 7])
def test_an_event_with_an_id_that_is_none_is_known_by_its_content(
    client: Client, signer: Signer, given: object
) -> None:
    event = {"event": "open", "email": "a@example.com", "sg_event_id": given}
    for body in (written(event), written(dict(reversed(event.items()))), written(event | {"email": "b@example.com"})):
        assert posted(client, body, signer.headers(body)).status_code == 200
    assert sorted(InboundEvent.objects.values_list("payload__email", flat=True)) == ["a@example.com", "b@example.com"]


def test_a_long_id_and_a_long_name_fit_their_columns(client: Client, signer: Signer) -> None:
    body = written({"event": "e" * 101, "sg_event_id": "i" * 256})
    assert posted(client, body, signer.headers(body)).status_code == 200
    assert InboundEvent.objects.values_list("type", "event_id").get() == ("e" * 100, "i" * 255)


@pytest.mark.parametrize("age", [310, -310])
def test_a_stale_delivery_is_refused_and_nothing_is_kept(client: Client, signer: Signer, age: int) -> None:
    body = written(BOUNCE)
    assert posted(client, body, signer.headers(body, age=age)).status_code == 400
    assert not InboundEvent.objects.exists()


def test_an_altered_body_is_refused_and_nothing_is_kept(client: Client, signer: Signer) -> None:
    body = written(BOUNCE)
    assert posted(client, body.replace("\r\n", "\n"), signer.headers(body)).status_code == 400
    assert not InboundEvent.objects.exists()


def test_a_strangers_signature_is_refused(client: Client, signer: Signer) -> None:
    body = written(BOUNCE)
    assert posted(client, body, Signer().headers(body)).status_code == 400
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Twilio-Email-Event-Webhook-Signature": "not base64!", "X-Twilio-Email-Event-Webhook-Timestamp": "now"},
    ],
)
def test_headers_that_are_missing_or_nonsense_are_refused(
    client: Client, signer: Signer, headers: dict[str, str]
) -> None:
    assert posted(client, written(BOUNCE), headers).status_code == 400


@pytest.mark.parametrize("body", ["", "no json", '{"event": "bounce"}', "{}", "[1]", '[{"event": "open"}, 1]'])
def test_a_signed_body_of_another_shape_is_refused(client: Client, signer: Signer, body: str) -> None:
    assert posted(client, body, signer.headers(body)).status_code == 400
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize("key", ["", "not a key"])
def test_without_a_key_nothing_is_believed(client: Client, signer: Signer, settings: Settings, key: str) -> None:
    settings.SENDGRID_WEBHOOK_PUBLIC_KEY = key
    body = written(BOUNCE)
    assert posted(client, body, signer.headers(body)).status_code == 503
    assert not InboundEvent.objects.exists()


def test_only_post_is_answered(client: Client, signer: Signer) -> None:
    assert client.get("/api/webhooks/sendgrid").status_code == 405
