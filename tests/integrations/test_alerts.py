import pytest

from ilytat.integrations.alerts import close_alert, open_alert
from ilytat.integrations.models import Alert
from tests.racing import race

pytestmark = pytest.mark.django_db


def test_an_incident_is_one_row_that_counts_its_sightings() -> None:
    open_alert("printify", "Printify is down", next_step="Wait.")
    open_alert("printify", "Printify is still down")

    alert = Alert.objects.get()
    assert (alert.count, alert.message, alert.next_step) == (2, "Printify is still down", "Wait.")
    assert alert.last_at > alert.first_at


def test_after_it_is_over_the_next_one_is_new() -> None:
    open_alert("printify", "down")
    close_alert("printify")
    open_alert("printify", "down again")

    old, new = Alert.objects.order_by("pk")
    assert old.closed_at is not None
    assert (new.closed_at, new.count) == (None, 1)


def test_words_from_outside_that_no_database_holds_open_it_all_the_same() -> None:
    open_alert("order:\0\ud800", "Printify says \0\ud800" + "x" * 400)
    open_alert("order:\0\ud800", "again")

    alert = Alert.objects.get()
    assert (alert.key, alert.count) == ("order:?", 2)
    close_alert("order:\0\ud800")
    assert not Alert.objects.filter(closed_at=None).exists()


def test_closing_what_is_not_open_does_nothing() -> None:
    close_alert("printify")

    assert not Alert.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_ten_sightings_at_once_are_one_incident() -> None:
    race(10, lambda: open_alert("printify", "down"))

    assert Alert.objects.count() == 1


def test_a_provider_that_talks_at_length_fits_the_row() -> None:
    open_alert("k" * 500, "m" * 5000, next_step="n" * 5000)
    open_alert("k" * 500, "m" * 5000)

    assert (len(Alert.objects.get().message), Alert.objects.get().count) == (300, 2)
