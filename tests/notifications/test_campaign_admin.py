"""The marketing desk: what staff see of a campaign and press, and the test that they send to themselves."""

import json

import pytest
import responses
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ilytat.integrations import jobs
from notifications import campaigns, consent, outbox
from notifications.models import Campaign, OutgoingEmail, Subscriber
from tests.notifications.test_campaigns import SEND, campaign, readers, work_off

pytestmark = pytest.mark.django_db
LIST = reverse("admin:notifications_campaign_changelist")
STAFF = "admin@example.com"


def press(client: Client, action: str, *chosen: Campaign, **more: str) -> str:
    data = {"action": action, "_selected_action": [row.pk for row in chosen], **more}
    return str(client.post(LIST, data, follow=True).content.decode())


def page_of(client: Client, one: Campaign) -> str:
    return str(client.get(reverse("admin:notifications_campaign_change", args=[one.pk])).content.decode())


def test_staff_write_preview_start_pause_and_count(admin_client: Client) -> None:
    readers(2)
    one, empty = campaign("en", "es"), Campaign.objects.create(name="Empty")
    page = admin_client.get(reverse("admin:campaign_preview", args=[one.pk, "es"]))
    assert "Unsubscribe" not in page.content.decode()
    assert "Darme de baja" in page.content.decode()
    said = press(admin_client, "start", one, empty, sure="yes")
    assert "Autumn is being sent." in said
    assert "Empty: There is nothing to send" in said
    assert "Only a draft can be started" in press(admin_client, "start", one)
    work_off()
    assert "2 of 2" in press(admin_client, "pause", one)
    change = page_of(admin_client, one)
    assert "<dt>sent</dt><dd>2</dd>" in change
    assert 'name="name"' not in change


def test_who_would_get_what_is_shown_before_anything_leaves(admin_client: Client) -> None:
    readers(3)
    Subscriber.objects.create(email="es@example.com", language="es", news=True, confirmed_at=timezone.now())
    one = campaign("en", "fr")
    said = " ".join(press(admin_client, "start", one).split())
    assert "<td>3</td><td>English</td><td>en: News (en)</td>" in said
    assert "<td>1</td><td>Español</td><td>en: News (en)</td>" in said
    one.refresh_from_db()
    assert one.state == "draft"
    press(admin_client, "start", one, sure="yes", page=str(one.pk))
    one.refresh_from_db()
    assert one.state == "sending"


def test_a_paused_campaign_goes_on_without_a_question(admin_client: Client) -> None:
    one = campaign()
    campaigns.start(one)
    campaigns.pause(one)
    assert "Autumn is being sent." in press(admin_client, "start", one)


def test_a_campaigns_page_offers_what_fits_its_state_and_moves_while_it_is_sent(admin_client: Client) -> None:
    one = campaign()
    assert "to no one" in page_of(admin_client, one)
    readers(2)
    shown = {}
    for act in (None, campaigns.start, campaigns.pause, campaigns.stop):
        if act:
            act(one)
        page = page_of(admin_client, one)
        one.refresh_from_db()
        shown[one.state] = [name for name in ("send_test", "start", "pause", "stop") if f'value="{name}"' in page]
        assert ('data-every="2000"' in page) == (one.state == "sending")
    assert shown == {
        "draft": ["send_test", "start"],
        "sending": ["send_test", "pause", "stop"],
        "paused": ["send_test", "start", "stop"],
        "stopped": ["send_test"],
    }


def test_the_list_asks_no_more_for_more_campaigns_that_were_sent(admin_client: Client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(LIST).status_code == 200
        return len(queries)

    Campaign.objects.create(name="first", state="sent")
    before = asked()
    Campaign.objects.bulk_create(Campaign(name=str(n), state="sent") for n in range(20))
    assert asked() == before


def send_test_twice(client: Client, one: Campaign, monkeypatch: pytest.MonkeyPatch) -> str:
    """Within one minute, wherever the clock stands."""
    now = timezone.now()
    with monkeypatch.context() as clock:
        clock.setattr(timezone, "now", lambda: now)
        press(client, "send_test", one)
        return press(client, "send_test", one)


@responses.activate
def test_a_test_goes_to_oneself_alone_marked_and_counted_nowhere(
    admin_client: Client, sendgrid: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    responses.post(SEND, status=202)
    readers(2)
    one = campaign("en", "es")
    assert f"Autumn is on its way to {STAFF}, as a test." in send_test_twice(admin_client, one, monkeypatch)
    jobs.work_due(outbox.BULK_QUEUE)
    bodies = [json.loads(call.request.body or b"") for call in responses.calls]
    assert {body["personalizations"][0]["to"][0]["email"] for body in bodies} == {STAFF}
    assert sorted(body["subject"] for body in bodies) == ["[Prueba] News (es)", "[Test] News (en)"]
    one.refresh_from_db()
    assert (one.state, set(campaigns.counts(one).values())) == ("draft", {0})


@responses.activate
def test_nobody_leaves_by_a_test(admin_client: Client, sendgrid: None) -> None:
    """Not even one of the staff who is a reader as well."""
    responses.post(SEND, status=202)
    reader = consent.agree(STAFF, ["news"], language="en", where="test", wording="words")
    press(admin_client, "send_test", campaign())
    jobs.work_due(outbox.BULK_QUEUE)
    body = str(responses.calls[0].request.body)
    assert consent.token(reader) not in body
    assert "List-Unsubscribe" not in body


@pytest.mark.parametrize("shown", [{"verified": False}, {"email": "other@example.com"}])
def test_a_test_goes_only_to_an_address_that_is_shown_to_be_ones_own(
    admin_client: Client, shown: dict[str, object]
) -> None:
    EmailAddress.objects.filter(email=STAFF).update(**shown)
    assert "Confirm your own e-mail address first" in press(admin_client, "send_test", campaign())
    assert not OutgoingEmail.objects.exists()


def test_there_is_no_test_of_nothing(admin_client: Client) -> None:
    said = press(admin_client, "send_test", Campaign.objects.create(name="Empty"))
    assert "There is nothing to send: write a text first." in said
