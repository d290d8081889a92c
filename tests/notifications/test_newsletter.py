"""Asking, confirming, choosing, leaving: nobody is on the list who did not say so, and everybody gets off it."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from time_machine import TimeMachineFixture

from ilytat.integrations import privacy
from notifications import consent, outbox, tasks
from notifications.models import Consent, OutgoingEmail, Subscriber

pytestmark = pytest.mark.django_db
ADA = "ada@example.com"


def join(client: Client, email: str = ADA) -> str:
    return str(client.post("/newsletter/", {"email": email}).content.decode())


def mailed_path() -> str:
    mail = OutgoingEmail.objects.filter(kind="confirm_newsletter").latest("pk")
    return str(mail.context["url"]).removeprefix("http://testserver")


def reader() -> Subscriber:
    return consent.agree(ADA, ["news", "carts"], language="en", where="test", wording="words")


def test_an_address_is_asked_and_only_its_own_yes_counts(client: Client) -> None:
    join(client, "Ada@Example.com")
    assert not consent.may_write(ADA, "news")
    path = mailed_path()
    assert client.get(path).status_code == 200
    assert not consent.may_write(ADA, "news"), "mail programs open links by themselves"
    client.post(path)
    assert consent.may_write(ADA, "news")
    assert not consent.may_write(ADA, "carts")


def test_the_consent_says_when_where_and_to_which_words(client: Client) -> None:
    join(client)
    client.post(mailed_path())
    said = [(row.act, row.topics, row.where, row.wording) for row in Consent.objects.order_by("pk")]
    words = "New designs by e-mail, a few times a month at most. You confirm by a link, and leave by one click."
    assert said == [("asked", "news", "newsletter form", words), ("confirmed", "news", "link in the mail", words)]
    assert words in client.get("/newsletter/").content.decode()


def test_the_page_is_the_same_for_readers_and_strangers(client: Client) -> None:
    reader()
    known, unknown = join(client), join(client, "eve@example.com")
    token = re.compile(r'(csrfmiddlewaretoken" value=")[^"]+')
    assert token.sub("", known) == token.sub("", unknown.replace("eve@example.com", ADA))
    assert not OutgoingEmail.objects.filter(to=ADA).exists()


def test_a_stranger_causes_three_mails_a_day_at_most() -> None:
    for _ in range(5):
        consent.ask(ADA, language="en", where="test", wording="words")
    assert OutgoingEmail.objects.filter(to=ADA).count() == consent.DAILY


def test_a_day_later_or_for_another_address_the_count_begins_anew(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-11-23T10:30:00Z", tick=False)

    def asked(email: str = ADA) -> int:
        before = OutgoingEmail.objects.count()
        consent.ask(email, language="en", where="test", wording="words")
        return OutgoingEmail.objects.count() - before

    assert [asked() for _ in range(4)] == [1, 1, 1, 0]
    assert asked("bob@example.com") == 1
    time_machine.shift(timedelta(days=1))
    assert asked() == 1


def test_other_mails_of_the_day_do_not_use_up_the_count() -> None:
    for number in range(consent.DAILY):
        context = {"email": ADA, "url": "", "other_url": ""}
        outbox.queue("password_reset", dedupe_key=f"reset:{number}", to=ADA, language="en", context=context)
    consent.ask(ADA, language="en", where="test", wording="words")
    assert OutgoingEmail.objects.filter(kind="confirm_newsletter").count() == 1


def test_who_has_one_topic_is_asked_for_the_missing_one() -> None:
    consent.agree(ADA, ["news"], language="en", where="test", wording="words")
    consent.ask(ADA, language="en", where="test", wording="words", topics=["news", "carts", "everything"])
    found = consent.asked(mailed_path().rstrip("/").rpartition("/")[2])
    assert found is not None
    assert (found[0].email, found[1]) == (ADA, ["carts", "news"])


def test_a_link_is_good_for_a_week_and_of_nobody_after_erasure(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-11-23T10:30:00Z", tick=False)
    consent.ask("bob@example.com", language="en", where="test", wording="words")
    consent.ask(ADA, language="en", where="test", wording="words")
    token = mailed_path().rstrip("/").rpartition("/")[2]
    time_machine.shift(timedelta(days=consent.LINK_DAYS))
    found = consent.asked(token)
    assert found is not None
    assert found[0].email == ADA
    time_machine.shift(1)
    assert consent.asked(token) is None
    time_machine.shift(-1)
    Subscriber.objects.filter(email=ADA).delete()
    assert consent.asked(token) is None


def test_one_browser_asks_five_times_a_minute_at_most(client: Client) -> None:
    answers = [client.post("/newsletter/", {"email": f"{n}@example.com"}).status_code for n in range(6)]
    assert answers == [200] * 5 + [429]


def test_what_is_no_address_is_told_beside_the_field(client: Client) -> None:
    answer = client.post("/newsletter/", {"email": "ada@"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize("path", ["confirm", "choices", "leave"])
def test_a_forged_link_does_nothing(client: Client, path: str) -> None:
    assert client.get(f"/newsletter/{path}/forged/").status_code == 410
    assert client.post(f"/newsletter/{path}/forged/").status_code == 410


def test_leaving_takes_one_post_without_cookie_or_page(client: Client) -> None:
    """As RFC 8058 has it: the mail program posts, from nowhere, with one field."""
    strict = Client(enforce_csrf_checks=True)
    path = f"/newsletter/leave/{consent.token(reader())}/?campaign=7"
    assert strict.get(path).status_code == 200
    assert consent.may_write(ADA, "news"), "a link that was only opened leaves nothing"
    for _ in range(2):
        assert strict.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not consent.may_write(ADA, "news")
    assert [row.where for row in Consent.objects.filter(act="left")] == ["campaign 7"]


def test_the_choice_is_kept_and_choosing_nothing_is_leaving(client: Client) -> None:
    path = f"/newsletter/choices/{consent.token(reader())}/"
    client.post(path, {"news": "", "carts": "on", "language": "fr"})
    one = Subscriber.objects.get()
    assert (one.news, one.carts, one.language, one.left_at) == (False, True, "fr", None)
    assert "Saved. We write to you no more." in client.post(path, {"language": "fr"}).content.decode()
    assert not consent.may_write(ADA, "carts")


def test_choices_cannot_be_made_before_the_address_said_yes(client: Client) -> None:
    row = consent.known(ADA, "en")
    assert (
        client.post(f"/newsletter/choices/{consent.token(row)}/", {"news": "on", "language": "en"}).status_code == 410
    )


def test_an_address_that_never_answered_is_forgotten() -> None:
    consent.ask(ADA, language="en", where="test", wording="words")
    reader_ = consent.agree("bob@example.com", ["news"], language="en", where="test", wording="words")
    Subscriber.objects.update(asked_at=timezone.now() - timedelta(days=31))
    tasks.forget_bodies()
    assert list(Subscriber.objects.all()) == [reader_]


@pytest.mark.parametrize(("days", "left"), [(29, 1), (31, 0)])
def test_an_address_without_a_yes_is_kept_a_month(days: int, left: int) -> None:
    consent.known(ADA, "en")
    Subscriber.objects.update(asked_at=timezone.now() - timedelta(days=days))
    consent.forget_unconfirmed()
    assert Subscriber.objects.count() == left


def test_after_erasure_the_proof_remains_under_the_addresss_hash() -> None:
    reader()
    privacy.erase(ADA)
    assert not Subscriber.objects.exists()
    [proof] = Consent.objects.all()
    assert (proof.subscriber, proof.address_hash) == (None, privacy.fingerprint("ADA@example.com"))
    assert not consent.may_write(ADA, "news")
