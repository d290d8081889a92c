"""A webhook's page: what became of it, what it is about, and a button that may be pressed twice."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from ilytat.integrations.models import InboundEvent
from tests import factories
from tests.pages import text

pytestmark = pytest.mark.django_db

HEARD = "checkout.session.completed"


def event(**given: object) -> InboundEvent:
    session = {"object": "checkout.session", "client_reference_id": "ABCD1234"}
    return factories.inbound_event(**{"type": HEARD, "payload": {"data": {"object": session}}} | given)


def page(client: Client, row: InboundEvent) -> str:
    return text(client.get(f"/admin/integrations/inboundevent/{row.pk}/change/"))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("new", "It waits for its turn."),
        ("done", "Nothing is left to do."),
        ("ignored", "left alone"),
        ("attention", "It needs you."),
    ],
)
def test_each_state_says_what_is_left_to_do(admin_client: Client, state: str, words: str) -> None:
    assert words in page(admin_client, event(state=state))


def test_it_leads_to_the_order_it_speaks_of(admin_client: Client) -> None:
    row = event()
    shown = admin_client.get(f"/admin/integrations/inboundevent/{row.pk}/change/").content.decode()
    assert "/admin/orders/order/?q=ABCD1234" in shown


def test_printifys_leads_to_the_printing(admin_client: Client) -> None:
    row = event(source="printify", type="order:updated", payload={"resource": {"type": "order", "id": "5d3"}})
    shown = admin_client.get(f"/admin/integrations/inboundevent/{row.pk}/change/").content.decode()
    assert "/admin/orders/fulfilment/?q=5d3" in shown


def test_it_is_worked_on_again_from_its_page_twice_if_need_be(admin_client: Client) -> None:
    row = event(state="attention", attempts=8, last_error="Still unknown")
    for _press in range(2):
        answer = admin_client.post(f"/admin/integrations/inboundevent/{row.pk}/replay/", follow=True)
        assert "1 queued." in text(answer)
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("new", 0)


def test_what_was_emptied_is_not_worked_on_again(admin_client: Client) -> None:
    row = event(state="done", payload={})
    assert "Work on it again" not in page(admin_client, row)
    answer = admin_client.post(f"/admin/integrations/inboundevent/{row.pk}/replay/", follow=True)
    assert "0 queued. 1 left" in text(answer)
    row.refresh_from_db()
    assert row.state == "done"


def test_what_nobody_listens_to_has_no_such_button(admin_client: Client) -> None:
    assert "Work on it again" not in page(admin_client, event(type="charge.succeeded", state="ignored"))


def test_who_may_only_look_may_not_press(client: Client) -> None:
    row = event(state="attention")
    clerk = get_user_model().objects.create_user(email="clerk@example.com", password="x", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_inboundevent"))
    client.force_login(clerk)
    assert "Work on it again" not in page(client, row)
    assert client.post(f"/admin/integrations/inboundevent/{row.pk}/replay/").status_code == 403
    assert client.get(f"/admin/integrations/inboundevent/{row.pk}/replay/").status_code == 405
