"""What Printify says of a printer's days and prices is read with care, kept for a week, and promised from its worst."""

import time
from datetime import timedelta
from typing import Any

import pytest
import responses
from django.utils import timezone
from time_machine import TimeMachineFixture

from catalog import batches, shipping, shipping_rates
from catalog.models import PrintifyCache, Product
from ilytat.integrations.errors import IntegrationError, KeyRejected, Unavailable
from tests import factories

pytestmark = pytest.mark.django_db

ELSEWHERE = shipping.ELSEWHERE
PROFILES = "https://api.printify.com/v2/catalog/blueprints"


def kept(blueprint: int, provider: int, **countries: Any) -> None:
    for kind in (shipping.KIND, shipping_rates.KIND):
        shipping._keep(kind, f"{blueprint}-{provider}", countries)


def made_by(provider: int, **given: Any) -> Product:
    return factories.product(blueprint_id=6, print_provider_id=provider, **given)


def entry(country: str = "US", first: Any = 2, last: Any = 5, cost: Any = 475) -> dict[str, Any]:
    facts = {"variantId": 1, "handlingTime": {"from": first, "to": last}, "country": {"code": country}}
    costs = {"firstItem": {"amount": cost, "currency": "USD"}, "additionalItems": {"amount": 240, "currency": "USD"}}
    return {"attributes": {**facts, "shippingCost": costs}}


def methods(mock: responses.RequestsMock, *names: str, provider: int = 99) -> None:
    """Printify has a profile for each of these methods, by its v2 name."""
    data = [{"attributes": {"name": name}} for name in names]
    mock.get(f"{PROFILES}/6/print_providers/{provider}/shipping.json", json={"data": data})


def read(*entries: Any) -> dict[str, Any]:
    """What is kept of an answer with these entries, after a refresh."""
    made_by(99)
    with responses.RequestsMock() as mock:
        methods(mock, "standard")
        mock.get(f"{PROFILES}/6/print_providers/99/shipping/standard.json", json={"data": list(entries)})
        assert shipping.refresh_profiles() == 1
    found: dict[str, Any] = PrintifyCache.objects.get(type="shipping", external_id="6-99").data
    return found


def test_of_several_printers_the_slowest_is_promised_each_day_for_itself() -> None:
    kept(6, 1, US=[1, 9])
    kept(6, 2, US=[3, 4])
    assert shipping.handling_days([made_by(1), made_by(2)], "US") == (3, 9)


@pytest.mark.parametrize(
    ("known", "days"),
    [
        ({"US": [1, 2], ELSEWHERE: [7, 9]}, (1, 2)),
        ({"CA": [1, 2], ELSEWHERE: [7, 9]}, (7, 9)),
        ({"CA": [1, 2]}, shipping.USUAL),
        ({}, shipping.USUAL),
    ],
    ids=["the country's own", "the rest of the world's", "of another country only", "refused"],
)
def test_days_are_those_of_the_country_else_of_the_rest_else_the_usual(known: Any, days: Any) -> None:
    kept(6, 1, **known)
    assert shipping.handling_days([made_by(1)], "US") == days
    assert shipping.profile(made_by(1), "US") == (days, None)


def test_a_printer_not_asked_yet_counts_with_the_usual_days() -> None:
    kept(6, 1, US=[1, 1])
    assert shipping.handling_days([made_by(1), made_by(2)], "US") == shipping.USUAL
    assert shipping.handling_days([made_by(1)], "US") == (1, 1)


def test_another_printer_s_profile_is_not_taken_for_ours_nor_what_else_is_kept() -> None:
    kept(6, 1, US=[9, 9, 100])
    PrintifyCache.objects.filter(type="shipping", external_id="6-1").update(type="order")
    kept(6, 11, US=[8, 8, 100])
    assert shipping.handling_days([made_by(1)], "US") == shipping.USUAL
    assert shipping.profile(made_by(1), "US") == (shipping.USUAL, None)
    assert shipping.served([made_by(1)], ["FR"]) == ["FR"]


def test_nothing_takes_the_usual_days() -> None:
    assert shipping.handling_days([], "US") == shipping.USUAL


def test_the_cost_is_told_where_it_is_known() -> None:
    kept(6, 1, US=[1, 2, 475])
    assert shipping.profile(made_by(1), "US") == ((1, 2), 475)


def test_a_country_is_served_where_every_printer_sends_to_it_or_to_the_rest() -> None:
    kept(6, 1, US=[1, 2], CA=[1, 2])
    kept(6, 2, US=[1, 2], **{ELSEWHERE: [7, 9]})
    both = [made_by(1), made_by(2)]
    assert shipping.served(both, ["US", "CA", "FR"]) == ["US", "CA"]
    assert shipping.served(both[1:], ["US", "CA", "FR"]) == ["US", "CA", "FR"]


def test_what_was_not_read_or_refused_excludes_no_country() -> None:
    kept(6, 1)
    assert shipping.served([made_by(1), made_by(2)], ["US", "FR"]) == ["US", "FR"]


def test_of_the_variants_the_slowest_days_and_the_least_cost_are_kept() -> None:
    entries = [entry(first=1, last=9, cost=600), entry(first=3, last=4, cost=475), entry("CA", 4, 8, 950)]
    assert read(*entries) == {"US": [3, 9, 475], "CA": [4, 8, 950]}


@pytest.mark.parametrize("cost", [None, "free", -1, {}, True])
def test_days_are_read_where_the_cost_cannot_be(cost: Any) -> None:
    assert read(entry(cost=cost)) == {"US": [2, 5]}
    kept_cost = [entry(cost=cost), entry(cost=0)]
    PrintifyCache.objects.all().delete()
    assert read(*kept_cost) == {"US": [2, 5, 0]}


@pytest.mark.parametrize(
    "bad",
    [
        entry(first=6, last=5),
        entry(first=-1),
        entry(first="soon"),
        entry(last=shipping.SLOWEST + 1),
        entry("\ud800"),
        entry(""),
        entry(last=None),
        {"attributes": {"handlingTime": {"from": 1, "to": 2}, "country": None}},
        {"attributes": []},
        {},
        "none",
        None,
    ],
)
def test_an_entry_that_makes_no_sense_is_left_out_and_the_next_one_read(bad: Any) -> None:
    assert read(bad, entry("CA", 0, 0)) == {"CA": [0, 0, 475]}


def test_the_slowest_printer_and_values_written_as_words_are_read() -> None:
    assert read(entry("U\0S", "2", str(shipping.SLOWEST), "475")) == {"US": [2, shipping.SLOWEST, 475]}


@pytest.mark.parametrize("answer", [{"data": None}, {"data": 7}, {"data": {}}, {}, []])
def test_an_answer_without_entries_is_kept_as_unknown(answer: Any) -> None:
    made_by(99)
    with responses.RequestsMock() as mock:
        methods(mock, "standard")
        mock.get(f"{PROFILES}/6/print_providers/99/shipping/standard.json", json=answer)
        assert shipping.refresh_profiles() == 1
    assert {row.type: row.data for row in PrintifyCache.objects.all()} == {"shipping": {}, "rate_card": {}}


def test_what_is_for_sale_is_read_once_a_day_and_each_printer_once(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-11-23T10:30:00Z", tick=False)
    made_by(99)
    made_by(99)
    made_by(7, hidden=True)
    with responses.RequestsMock() as mock:
        methods(mock, "standard")
        url = f"{PROFILES}/6/print_providers/99/shipping/standard.json"
        mock.get(url, json={"data": [entry()]})
        read_each_walk = []
        for _walk in range(5):
            read_each_walk.append(shipping.refresh_profiles())
            time_machine.shift(timedelta(hours=12))
        assert read_each_walk == [1, 0, 1, 0, 1]
        assert mock.assert_call_count(url, 3)


def test_one_that_printify_refuses_is_asked_for_again_the_next_day(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-11-23T10:30:00Z", tick=False)
    made_by(99)
    with responses.RequestsMock() as mock:
        methods(mock, "standard")
        mock.get(f"{PROFILES}/6/print_providers/99/shipping/standard.json", status=404, json={})
        assert [shipping.refresh_profiles(), shipping.refresh_profiles()] == [1, 0]
        time_machine.shift(timedelta(days=1))
        assert shipping.refresh_profiles() == 1


@pytest.mark.parametrize(("status", "error"), [(503, Unavailable), (401, KeyRejected), (403, KeyRejected)])
def test_while_printify_is_down_or_our_key_has_ended_the_old_profile_stays(
    monkeypatch: pytest.MonkeyPatch, status: int, error: type[IntegrationError]
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    kept(6, 99, US=[1, 2, 475])
    PrintifyCache.objects.update(expires_at=timezone.now())
    with responses.RequestsMock() as mock:
        mock.get(f"{PROFILES}/6/print_providers/99/shipping.json", status=status, json={})
        made = made_by(99)
        with pytest.raises(error):
            shipping.refresh_profiles()
    assert shipping.profile(made, "US") == ((1, 2), 475)
    assert PrintifyCache.objects.get(type=shipping_rates.KIND).data == {"US": [1, 2, 475]}


@pytest.fixture
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)


def answer(mock: responses.RequestsMock, provider: int, path: str = "shipping/standard", **given: Any) -> None:
    given = given or {"json": {"data": [entry()]}}
    mock.upsert("GET", f"{PROFILES}/6/print_providers/{provider}/{path}.json", **given)


def cards() -> set[str]:
    return {key for key, _read_at in shipping_rates.usable()}


@pytest.mark.usefixtures("_no_pauses")
@pytest.mark.parametrize("status", [500, 400])
def test_one_broken_profile_does_not_keep_the_others_from_being_read(
    time_machine: TimeMachineFixture, status: int
) -> None:
    time_machine.move_to("2026-11-23T10:30:00Z", tick=False)
    for provider in (1, 2, 3):
        made_by(provider)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for provider in (1, 2, 3):
            methods(mock, "standard", provider=provider)
            answer(mock, provider)
        answer(mock, 1, "shipping", status=status, json={})
        assert shipping.refresh_profiles() == 2
        assert cards() == {"6-2", "6-3"}
        assert shipping.refresh_profiles() == 0, "the broken one is asked for again in an hour"
        time_machine.shift(timedelta(hours=1))
        methods(mock, "standard", provider=1)
        assert shipping.refresh_profiles() == 1


@pytest.mark.usefixtures("_no_pauses")
def test_several_broken_profiles_are_behind_the_others_in_the_next_hour(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-11-23T10:30:00Z", tick=False)
    broken, good = range(1, batches.FAILURES_MAX + 1), batches.FAILURES_MAX + 1
    for provider in (*broken, good):
        made_by(provider)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for provider in broken:
            answer(mock, provider, "shipping", status=500, json={})
        methods(mock, "standard", provider=good)
        answer(mock, good)
        with pytest.raises(Unavailable):
            shipping.refresh_profiles()
        assert not cards()
        time_machine.shift(timedelta(hours=2))
        with pytest.raises(Unavailable):
            shipping.refresh_profiles()
        assert cards() == {f"6-{good}"}


def test_a_method_that_does_not_exist_does_not_hide_the_others() -> None:
    made_by(99)
    with responses.RequestsMock() as mock:
        methods(mock, "standard", "priority")
        answer(mock, 99, status=404, json={})
        answer(mock, 99, "shipping/priority")
        assert shipping.refresh_profiles() == 1
    [group] = PrintifyCache.objects.get(type=shipping_rates.KIND).data["groups"]
    assert group["rates"] == {"priority": {"US": [475, 240]}}


@pytest.mark.parametrize("lost", [{"status": 404, "json": {}}, {"json": {"data": []}}, {"json": {}}])
def test_an_empty_answer_keeps_the_known_card_until_it_is_too_old(
    time_machine: TimeMachineFixture, lost: dict[str, Any]
) -> None:
    time_machine.move_to("2026-11-23T10:30:00Z", tick=False)
    product = made_by(99)
    with responses.RequestsMock() as mock:
        methods(mock, "standard")
        answer(mock, 99)
        assert shipping.refresh_profiles() == 1
        answer(mock, 99, "shipping", **lost)
        for _day in range(3):
            assert cards() == {"6-99"}
            assert shipping.handling_days([product], "US") == (2, 5)
            time_machine.shift(timedelta(days=1))
            assert (shipping.refresh_profiles(), shipping.refresh_profiles()) == (1, 0)
        assert not cards(), "a day and the stale limit of 48 hours later"


def test_a_card_that_an_earlier_release_keeps_for_a_week_is_due() -> None:
    kept(6, 99, US=[1, 2, 475])
    PrintifyCache.objects.update(expires_at=timezone.now() + timedelta(days=5))
    made_by(99)
    with responses.RequestsMock() as mock:
        methods(mock, "standard")
        answer(mock, 99)
        assert shipping.refresh_profiles() == 1


def test_no_profile_is_begun_after_the_time_is_over() -> None:
    made_by(1)
    assert shipping.refresh_profiles(until=time.monotonic() - 1) == 0
    assert not PrintifyCache.objects.exists()
