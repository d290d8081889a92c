"""A campaign reaches each reader once, whatever fails, and nobody who did not ask for it."""

import json
from collections import Counter
from typing import Any

import pytest
import responses
from django.utils import timezone
from pytest_django.fixtures import Settings
from requests import PreparedRequest

from ilytat.integrations import jobs
from notifications import campaigns, consent, outbox
from notifications.models import BulkEmail, Campaign, OutgoingEmail, Subscriber, Suppression
from notifications.samples import sample
from tests.notifications.conftest import Queue

pytestmark = pytest.mark.django_db
SEND = "https://api.sendgrid.com/v3/mail/send"


def readers(count: int, **given: Any) -> None:
    row = {"news": True, "confirmed_at": timezone.now()} | given
    Subscriber.objects.bulk_create(Subscriber(email=f"r{n}@example.com", **row) for n in range(count))


def campaign(*languages: str) -> Campaign:
    made = Campaign.objects.create(name="Autumn", url="https://ilytat.com/products/")
    for language in languages or ("en",):
        made.texts.create(language=language, subject=f"News ({language})", heading="Autumn", body="One.\n\nTwo.")
    return made


def work_off(rounds: int = 60) -> None:
    """The clock moves on between rounds."""
    for _ in range(rounds):
        Campaign.objects.update(next_at=timezone.now())
        OutgoingEmail.objects.update(next_at=timezone.now())
        if not jobs.work_due(campaigns.QUEUE) + jobs.work_due(outbox.BULK_QUEUE, 200):
            break


class Provider:
    """Fails every tenth call, by turns before and after it has taken the mail in hand."""

    def __init__(self) -> None:
        self.calls = 0
        self.taken: Counter[str] = Counter()

    def answer(self, request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        self.calls += 1
        if not self.calls % 10:
            return (503 if self.calls % 20 else 429, {}, "")
        body = json.loads(request.body or b"")
        self.taken[body["personalizations"][0]["to"][0]["email"]] += 1
        return (202, {}, "")


@responses.activate
def test_five_hundred_mails_through_a_provider_that_fails_every_tenth_call_reach_each_reader_once(
    sendgrid: None,
) -> None:
    provider = Provider()
    responses.add_callback(responses.POST, SEND, provider.answer)
    readers(500)
    one = campaign()
    campaigns.start(one)
    work_off()
    one.refresh_from_db()
    assert provider.taken == {f"r{n}@example.com": 1 for n in range(500)}
    assert provider.calls > 550
    assert one.state == "sent"
    assert campaigns.counts(one)["sent"] == 500


@responses.activate
def test_the_mail_names_its_stream_and_the_ways_out(sendgrid: None, settings: Settings) -> None:
    settings.EMAIL_MARKETING_FROM, settings.SENDGRID_MARKETING_POOL = "News <news@mail.ilytat.com>", "marketing"
    responses.post(SEND, status=202)
    readers(1)
    one = campaign()
    campaigns.start(one)
    work_off()
    body = json.loads(responses.calls[0].request.body or b"")
    leave = f"http://testserver/newsletter/leave/{consent.token(Subscriber.objects.get())}/?campaign={one.pk}"
    assert body["headers"]["List-Unsubscribe"] == f"<{leave}>"
    assert body["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert body["categories"] == ["campaign", "marketing", f"campaign-{one.pk}"]
    assert body["from"]["email"] == "news@mail.ilytat.com"
    assert body["ip_pool_name"] == "marketing"
    text, html = (part["value"] for part in body["content"])
    assert leave in text
    assert leave in html
    assert (OutgoingEmail.objects.get().text, OutgoingEmail.objects.get().html) == ("", "")


def test_nobody_without_a_confirmed_wish_is_written_to() -> None:
    readers(1)
    for changed in ({"news": False, "carts": True}, {"confirmed_at": None}, {"left_at": timezone.now()}):
        Subscriber.objects.create(
            email=f"{next(iter(changed))}@example.com",
            **{
                "news": True,
                "confirmed_at": timezone.now(),
                **changed,
            },
        )
    Suppression.objects.create(email="r0@example.com", reason="bounce")
    one = campaign()
    campaigns.start(one)
    work_off()
    assert dict(OutgoingEmail.objects.values_list("to", "state")) == {"r0@example.com": "suppressed"}


def test_who_leaves_after_the_mail_was_queued_does_not_get_it() -> None:
    readers(2)
    one = campaign()
    campaigns.start(one)
    jobs.work_due(campaigns.QUEUE)
    consent.leave(Subscriber.objects.get(email="r0@example.com"), where="test")
    work_off()
    assert dict(OutgoingEmail.objects.values_list("to", "state")) == {
        "r0@example.com": "unwanted",
        "r1@example.com": "sent",
    }


def test_a_paused_campaign_sends_nothing_and_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns, "BATCH", 2)
    readers(5)
    one = campaign()
    campaigns.start(one)
    jobs.work_due(campaigns.QUEUE)
    campaigns.pause(one)
    work_off()
    assert set(OutgoingEmail.objects.values_list("state", flat=True)) == {"new"}
    campaigns.start(one)
    work_off()
    one.refresh_from_db()
    assert (one.state, campaigns.counts(one)["sent"]) == ("sent", 5)


def test_a_batch_that_is_being_queued_when_staff_pause_is_rolled_back() -> None:
    readers(3)
    one = campaign()
    campaigns.start(one)
    mine = Campaign.claim(one.pk)
    assert mine
    campaigns.pause(one)
    with pytest.raises(jobs.LeaseLost):
        campaigns.work(mine)
    assert not OutgoingEmail.objects.exists()


def test_a_batch_done_twice_writes_once() -> None:
    readers(3)
    one = campaign()
    campaigns.start(one)
    jobs.work_due(campaigns.QUEUE)
    Campaign.objects.update(cursor=0)
    work_off()
    assert OutgoingEmail.objects.count() == 3


def test_each_reader_gets_their_language_and_english_where_there_is_none() -> None:
    readers(1, language="fr")
    Subscriber.objects.create(email="es@example.com", language="es", news=True, confirmed_at=timezone.now())
    campaigns.start(campaign("en", "fr"))
    work_off()
    subjects = dict(OutgoingEmail.objects.values_list("to", "subject"))
    assert subjects == {"r0@example.com": "News (fr)", "es@example.com": "News (en)"}


def test_order_mail_does_not_wait_behind_a_campaign(queued: Queue) -> None:
    readers(30)
    campaigns.start(campaign())
    jobs.work_due(campaigns.QUEUE)
    order = queued()
    jobs.work_due("mail")
    order.refresh_from_db()
    assert order.state == "sent"
    assert BulkEmail.rows().filter(state="new").count() == 30


def test_a_cart_reminder_needs_consent_of_its_own(queued: Queue) -> None:
    consent.agree("ada@example.com", ["news"], language="en", where="test", wording="words")
    row = queued("abandoned_cart", context=sample("abandoned_cart"), reference="")
    jobs.work_due(outbox.BULK_QUEUE)
    row.refresh_from_db()
    assert row.state == "unwanted"
