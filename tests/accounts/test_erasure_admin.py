"""Erasures before staff: what failed for good is told, shown and tried again."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from ilytat.accounts import privacy as wishes
from ilytat.accounts.models import Erasure, User
from ilytat.admin import ATTENTION_SOURCES
from ilytat.integrations import jobs, privacy
from ilytat.integrations.errors import Refused
from ilytat.integrations.models import Alert
from orders.models import Order
from tests.accounts.people import RENEE, delivered
from tests.pages import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(monkeypatch: pytest.MonkeyPatch) -> Erasure:
    """The provider refused for good; from now on it would work."""
    delivered()

    def refuses(_email: str) -> None:
        raise Refused("Stripe: no such key")

    with monkeypatch.context() as patch:
        patch.setattr(privacy, "close", refuses)
        return wishes.ask(RENEE.email)


def test_an_erasure_that_failed_for_good_opens_one_alert_without_the_address(failed: Erasure) -> None:
    assert (failed.state, failed.last_error) == ("attention", "Stripe: no such key")
    alert = Alert.objects.get(closed_at=None)
    assert alert.key == f"erasure:{failed.pk}"
    assert RENEE.email not in f"{alert.message} {alert.next_step}"
    assert Order.objects.get().name == RENEE.name


def test_an_erasure_that_breaks_each_time_comes_to_rest_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    delivered()
    monkeypatch.setattr(privacy, "erase", lambda _email: 1 / 0)
    wish = wishes.ask(RENEE.email)
    assert (wish.state, Alert.objects.count()) == ("new", 0)
    Erasure.objects.update(attempts=Erasure.max_attempts, next_at=wish.asked_at)
    jobs.work_due("erasure")
    wish.refresh_from_db()
    assert (wish.state, Alert.objects.count()) == ("attention", 1)


def test_it_waits_in_the_queue_of_what_needs_a_person_once(admin_client: Client, failed: Erasure) -> None:
    page = text(admin_client.get("/admin/"))
    assert "A customer's data could not be deleted" in page
    assert page.count("Stripe: no such key") == 1
    answer = admin_client.post(f"/admin/attention/erasures/{failed.pk}/again/", follow=True)
    assert "Retry queued." in text(answer)
    jobs.work_due("erasure")
    failed.refresh_from_db()
    assert (failed.state, failed.email) == ("done", "")
    assert not Alert.objects.filter(closed_at=None).exists()
    assert not list(ATTENTION_SOURCES["erasures"].rows())


def test_its_page_says_why_and_tries_again(admin_client: Client, failed: Erasure) -> None:
    url = f"/admin/accounts/erasure/{failed.pk}/"
    page = text(admin_client.get(f"{url}change/"))
    assert "It failed and needs you." in page
    assert RENEE.email in page
    for _press in range(2):
        assert "Retry queued." in text(admin_client.post(f"{url}retry/", follow=True))
    assert LogEntry.objects.filter(object_id=str(failed.pk)).count() == 2
    jobs.work_due("erasure")
    assert Order.objects.get().name == ""
    assert "Try again" not in text(admin_client.get(f"{url}change/"))
    assert "No change" in text(admin_client.post(f"{url}retry/", follow=True))


def test_a_worker_that_has_it_keeps_it(failed: Erasure) -> None:
    wishes.retry(failed.pk)
    job = Erasure.claim(failed.pk)
    assert job is not None
    assert not wishes.retry(failed.pk)
    job.ensure_leased(1)


def test_who_may_only_look_cannot_try_again(client: Client, failed: Erasure) -> None:
    staff = User.objects.create_user("eva@ilytat.com", "x", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_erasure"))
    client.force_login(staff)
    url = f"/admin/accounts/erasure/{failed.pk}/"
    assert "Try again" not in text(client.get(f"{url}change/"))
    assert client.post(f"{url}retry/").status_code == 403
    failed.refresh_from_db()
    assert failed.state == "attention"
