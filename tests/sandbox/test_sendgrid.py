"""Mail through the real Anymail backend, refusals, the inbox, and events that SendGrid's own library believes."""

import json
from typing import Any

import pytest
import requests
from anymail.backends.sendgrid import EmailBackend
from anymail.exceptions import AnymailRequestsAPIError
from django.core.mail import EmailMultiAlternatives
from sendgrid import EventWebhook, EventWebhookHeader

from tests.sandbox.conftest import Listener
from tests.sandbox.process import Sandbox

KEY = {"Authorization": "Bearer SG.k"}


def mail(**changes: Any) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        subject="Order ILY-1: thank you",
        body="Thank you, Ada.\nhttp://127.0.0.1:9/orders/x/",
        from_email="ILYTAT Designs <hello@shop.example>",
        to=["Ada Miller <ada@example.com>"],
        headers={"List-Unsubscribe": "<http://127.0.0.1:9/u/1>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        reply_to=["help@shop.example"],
    )
    message.attach_alternative("<h1>Thank you, Ada</h1><script>alert(1)</script>", "text/html")
    message.tags = ["order_confirmed"]  # type: ignore[attr-defined] # Anymail's extension
    message.metadata = {"email_id": 17}  # type: ignore[attr-defined] # Anymail's extension
    for name, value in changes.items():
        setattr(message, name, value)
    return message


def backend(sandbox: Sandbox, key: str = "SG.k") -> Any:
    return EmailBackend(api_key=key, api_url=f"{sandbox.url}/sendgrid/v3/")


def send(sandbox: Sandbox, body: Any, headers: dict[str, str] = KEY) -> requests.Response:
    return requests.post(f"{sandbox.url}/sendgrid/v3/mail/send", json=body, headers=headers, timeout=60)


def test_what_anymail_sends_is_in_the_inbox(keyed: Sandbox) -> None:
    message = mail()

    assert backend(keyed).send_messages([message]) == 1

    (kept,) = requests.get(f"{keyed.url}/inbox.json", timeout=60).json()
    status = message.anymail_status  # type: ignore[attr-defined] # Anymail's extension
    assert (kept["to"], kept["from"], kept["subject"]) == (
        "ada@example.com",
        "ILYTAT Designs <hello@shop.example>",
        "Order ILY-1: thank you",
    )
    assert kept["text"].startswith("Thank you, Ada.")
    assert kept["html"].startswith("<h1>")
    assert kept["categories"] == ["order_confirmed"]
    assert kept["custom_args"] == {"email_id": "17", "anymail_id": status.message_id}
    assert kept["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [row["to"] for row in keyed.state()["mails"]] == ["ada@example.com"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{"to": []}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"email": "ada"}]}]}, "personalizations.0.to.0.email"),
        (
            {"personalizations": [{"to": [{"email": "a@b.co"}], "cc": [{"email": "A@b.co"}]}]},
            "personalizations.0",
        ),
        ({"from": None}, "from.email"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        ({"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]}, "content"),
        ({"headers": {"Reply-To": "x@y.z"}}, "headers.Reply-To"),
        ({"custom_args": {"n": 1}}, "personalizations.0.custom_args"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_sendgrid_would_refuse_is_refused(keyed: Sandbox, changes: dict[str, Any], field: str) -> None:
    body = {
        "personalizations": [{"to": [{"email": "ada@example.com"}]}],
        "from": {"email": "hello@shop.example"},
        "subject": "Hello",
        "content": [{"type": "text/plain", "value": "Hello"}],
    }

    answer = send(keyed, {**body, **changes})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
    assert keyed.state()["mails"] == []
    assert send(keyed, body).status_code == 202
    assert send(keyed, body).content == b""


def test_wrong_key_and_trouble(keyed: Sandbox) -> None:
    with pytest.raises(AnymailRequestsAPIError) as refusal:
        backend(keyed, "SG.wrong").send_messages([mail()])
    assert refusal.value.status_code == 401
    keyed.arm("sendgrid.send", "429", retry_after=1)
    with pytest.raises(AnymailRequestsAPIError) as refusal:
        backend(keyed).send_messages([mail()])
    assert refusal.value.status_code == 429
    assert keyed.state()["mails"] == []


def test_the_inbox_shows_a_mail_and_lets_it_do_nothing(keyed: Sandbox) -> None:
    backend(keyed).send_messages([mail()])
    (kept,) = requests.get(f"{keyed.url}/inbox.json", timeout=60).json()

    page = requests.get(f"{keyed.url}/inbox/{kept['id']}/", timeout=60)
    alone = requests.get(f"{keyed.url}/inbox/{kept['id']}/html", timeout=60)

    assert "order_confirmed" in page.text
    assert "<script>" not in page.text
    assert alone.headers["Content-Security-Policy"].startswith("sandbox ")
    assert "allow-scripts" not in alone.headers["Content-Security-Policy"]
    assert "Order ILY-1" in requests.get(f"{keyed.url}/inbox/?q=ADA@", timeout=60).text
    assert "Order ILY-1" not in requests.get(f"{keyed.url}/inbox/?q=nobody", timeout=60).text


@pytest.mark.parametrize("name", ["delivered", "bounce", "spamreport", "unsubscribe"])
def test_events_are_signed_as_sendgrid_signs_them(keyed: Sandbox, shop_endpoint: Listener, name: str) -> None:
    backend(keyed).send_messages([mail()])
    (kept,) = requests.get(f"{keyed.url}/inbox.json", timeout=60).json()

    told = keyed.control(f"sendgrid/mails/{kept['id']}/{name}")
    shop_endpoint.wait(lambda: any(told["sg_event_id"].encode() in body for _, body in shop_endpoint.received))

    headers, body = next(one for one in shop_endpoint.received if told["sg_event_id"].encode() in one[1])
    settings = requests.get(f"{keyed.url}/sendgrid/v3/user/webhooks/event/settings/signed", headers=KEY, timeout=60)
    judge = EventWebhook()
    key = judge.convert_public_key_to_ecdsa(settings.json()["public_key"])
    signature = headers[EventWebhookHeader.SIGNATURE]
    timestamp = headers[EventWebhookHeader.TIMESTAMP]
    assert judge.verify_signature(body.decode(), signature, timestamp, key)
    assert not judge.verify_signature(body.decode().strip(), signature, timestamp, key)
    (event,) = json.loads(body)
    assert (event["event"], event["email"], event["email_id"]) == (name, "ada@example.com", "17")
    assert event["category"] == ["order_confirmed"]
