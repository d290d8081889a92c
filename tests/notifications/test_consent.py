"""Who may be written to about what: what is kept of a yes, a choice and a goodbye."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from notifications import consent
from notifications.models import Subscriber

pytestmark = pytest.mark.django_db
ADA = "ada@example.com"


def agreed(*topics: str, email: str = ADA, language: str = "en") -> Subscriber:
    return consent.agree(email, topics, language=language, where="test", wording="words")


def wanted(email: str = ADA) -> list[str]:
    return [topic for topic in consent.TOPICS if consent.may_write(email, topic)]


def test_a_second_yes_adds_to_the_first() -> None:
    agreed("news")
    agreed("stock")
    assert wanted() == ["news", "stock"]


def test_a_yes_to_no_topic_of_ours_agrees_to_nothing() -> None:
    agreed("everything")
    assert wanted() == []


def test_a_yes_is_of_one_address_however_it_is_written() -> None:
    agreed("news", email=" ADA@Example.com ")
    assert consent.may_write("  Ada@example.COM ", "news")
    assert consent.of("\tada@EXAMPLE.com") == consent.of(ADA) is not None
    assert not consent.may_write("bob@example.com", "news")


def test_who_left_comes_back_by_a_new_yes_in_the_new_language() -> None:
    consent.leave(agreed("news"), where="test")
    back = agreed("carts", language="fr")
    back.refresh_from_db()
    assert (back.left_at, back.language) == (None, "fr")
    assert wanted() == ["carts"], "what was left is not agreed to again"


def test_a_choice_is_exactly_what_was_ticked() -> None:
    reader = agreed("news", "carts")
    consent.choose(reader, ["stock", "everything"], where="choices")
    assert wanted() == ["stock"]
    assert [(row.act, row.topics, row.where) for row in reader.consents.filter(act="chose")] == [
        ("chose", "stock", "choices")
    ]


def test_leaving_ends_all_topics_and_is_noted_with_its_moment_and_place_once() -> None:
    reader, before = agreed("news", "carts", "stock"), timezone.now()
    for where in ("mail", "again"):
        reader.refresh_from_db()
        consent.leave(reader, where=where)
    reader.refresh_from_db()
    assert wanted() == []
    assert reader.left_at
    assert reader.left_at >= before
    assert [(row.where, row.topics) for row in reader.consents.filter(act="left")] == [("mail", "")]


def test_one_readers_goodbye_and_choice_change_nobody_elses() -> None:
    agreed("news", email="bob@example.com")
    ada = agreed("news")
    consent.choose(ada, ["carts"], where="choices")
    consent.leave(ada, where="mail")
    assert wanted("bob@example.com") == ["news"]


def test_an_address_that_is_only_known_is_not_written_to_and_keeps_its_first_row() -> None:
    first = consent.known(" Ada@example.com", "fr")
    again = consent.known(ADA, "en")
    assert (again.pk, again.email, again.language) == (first.pk, ADA, "fr")
    assert wanted() == []


def test_long_places_and_topics_are_cut_to_their_columns() -> None:
    reader = agreed("news")
    consent.record(reader, consent.Act.CHOSE, ["b" * 39, "a"], where="w" * 61)
    kept = reader.consents.get(act="chose")
    assert (len(kept.where), kept.topics) == (60, "a, " + "b" * 37)


def test_the_words_asked_are_the_last_ones_for_exactly_these_topics() -> None:
    reader = consent.known(ADA, "en")
    for topics, wording in ((["news"], "old"), (["news"], "new"), (["news", "carts"], "both")):
        consent.record(reader, consent.Act.ASKED, topics, where="form", wording=wording)
    consent.record(reader, consent.Act.CONFIRMED, ["news"], where="link", wording="not asked")
    consent.record(consent.known("bob@example.com", "en"), consent.Act.ASKED, ["stock"], where="form", wording="his")
    later = timezone.now() + timedelta(hours=1)
    reader.consents.filter(wording="new").update(at=later)
    reader.consents.filter(wording="not asked").update(at=later + timedelta(hours=1))
    assert consent.words_asked(reader, ["news"]) == "new"
    assert consent.words_asked(reader, iter(["news", "carts"])) == "both"
    assert consent.words_asked(reader, ["stock"]) == ""


def test_a_token_names_its_reader_until_the_data_are_erased() -> None:
    ada, bob = agreed("news"), agreed("news", email="bob@example.com")
    token = consent.token(ada)
    assert consent.reader_of(token) == ada
    assert consent.reader_of(f"{bob.pk}:{token.partition(':')[2]}") is None
    ada.delete()
    assert consent.reader_of(token) is None


def test_the_ways_out_are_a_readers_own_and_absolute(settings: Settings) -> None:
    settings.SITE_URL = "https://shop.example"
    token = consent.token(agreed("news"))
    assert consent.links("ADA@example.com") == {
        "leave_url": f"https://shop.example/newsletter/leave/{token}/",
        "choices_url": f"https://shop.example/newsletter/choices/{token}/",
    }
    assert consent.links("bob@example.com") == {}
