"""POST /api/orders/fulfill: for staff and the service token only, and each refusal has a name of its own."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings as shop
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from orders import lifecycle
from orders.models import Fulfilment, HoldReason
from tests import factories
from tests.orders.conftest import again, changed, created, paid, printing

pytestmark = pytest.mark.django_db
URL = "/api/orders/fulfill"
TOKEN = {"Authorization": f"Bearer {shop.API_TOKEN}"}


@pytest.fixture(autouse=True)
def _sandbox_prints(settings: Settings) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = False


def _ask(number: str, *, client: Client | None = None, headers: dict[str, str] | None = None) -> HttpResponse:
    made: HttpResponse = (client or Client()).post(  # type: ignore[assignment]  # the stubs know only the test client's own class
        URL, {"order": number}, content_type="application/json", headers=headers or {}
    )
    return made


def _told(response: HttpResponse) -> tuple[int, Any]:
    found = response.json()  # type: ignore[attr-defined]  # the test client adds json()
    return response.status_code, found.get("error", {}).get("code", found)


def _staff(*, may: bool = True) -> Client:
    user = get_user_model().objects.create_user(email="staff@ilytat.test", password="x", is_staff=True)
    if may:
        user.user_permissions.add(Permission.objects.get(codename="change_fulfilment"))
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return client


def test_the_service_token_makes_a_paid_order_due() -> None:
    job = changed(paid(), next_at=timezone.now() + timedelta(hours=1))
    assert not Fulfilment.due().exists()
    expected = {"order": job.order.number, "state": "new", "printify_order_id": None}
    assert _told(_ask(job.order.number, headers=TOKEN)) == (200, expected)
    assert Fulfilment.due().get() == job


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_address_works_with_and_without_a_slash(slash: str) -> None:
    body = {"order": paid().order.number}
    response = Client().post(URL + slash, body, content_type="application/json", headers=TOKEN)
    assert response.status_code == 200


def test_asking_twice_is_harmless() -> None:
    job = paid()
    assert [_ask(job.order.number, headers=TOKEN).status_code for _ in range(2)] == [200, 200]
    assert Fulfilment.objects.count() == 1


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": ""}, {"Authorization": "Bearer "}, {"Authorization": "Bearer wrong"}],
    ids=["nothing", "empty", "no token", "a wrong one"],
)
def test_a_stranger_learns_nothing_not_even_which_numbers_exist(headers: dict[str, str]) -> None:
    job = paid()
    assert _told(_ask(job.order.number, headers=headers)) == (401, "not_allowed")
    assert _told(_ask("NOSUCH", headers=headers)) == (401, "not_allowed")


def test_without_a_token_configured_an_empty_one_opens_nothing(settings: Settings) -> None:
    settings.API_TOKEN = ""
    assert _told(_ask(paid().order.number, headers={"Authorization": "Bearer "})) == (401, "not_allowed")


def test_staff_need_the_permission_and_the_csrf_token() -> None:
    job = paid()
    client = _staff()
    assert _told(_ask(job.order.number, client=client)) == (401, "not_allowed")
    client.get("/admin/")
    client.cookies["csrftoken"] = "a" * 32
    assert _told(_ask(job.order.number, client=client, headers={"X-CSRFToken": "a" * 32}))[0] == 200
    assert job.order.events.get(what="retried").who == "staff@ilytat.test"


def test_staff_without_the_permission_may_not() -> None:
    client = _staff(may=False)
    client.cookies["csrftoken"] = "a" * 32
    told = _told(_ask(paid().order.number, client=client, headers={"X-CSRFToken": "a" * 32}))
    assert told == (401, "not_allowed")


@pytest.mark.parametrize("second_factor", [False, True])
def test_staff_need_the_second_factor_that_the_admin_asks_for(settings: Settings, *, second_factor: bool) -> None:
    settings.STAFF_TWO_STEP = True
    job, client = paid(), _staff()
    if second_factor:
        TOTP.activate(get_user_model().objects.get(), "JBSWY3DPEHPK3PXP")
    client.cookies["csrftoken"] = "a" * 32
    told = _told(_ask(job.order.number, client=client, headers={"X-CSRFToken": "a" * 32}))
    assert told[0] == (200 if second_factor else 401)
    assert client.get("/admin/").status_code == (200 if second_factor else 302), "the admin says the same"


def test_a_customer_may_not() -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_user(email="ana@example.com", password="x"))
    assert _told(_ask(paid().order.number, client=client)) == (401, "not_allowed")


def test_each_refusal_has_its_own_code(settings: Settings) -> None:
    unpaid = factories.order(factories.variant())
    assert _told(_ask("NOSUCH", headers=TOKEN)) == (404, "not_found")
    assert _told(_ask(unpaid.number, headers=TOKEN)) == (409, "not_paid")
    assert _told(_ask(printing().order.number, headers=TOKEN)) == (409, "already_submitted")
    held = paid()
    assert lifecycle.hold(held, HoldReason.DISPUTE, who="stripe", why="dispute: fraudulent")
    assert _told(_ask(held.order.number, headers=TOKEN)) == (409, "held")
    settings.PRINTIFY_PRINTS_FOR_REAL = True
    assert _told(_ask(paid().order.number, headers=TOKEN)) == (409, "test_mode")


def test_nonsense_is_named_not_crashed_on() -> None:
    bodies: list[Any] = [{}, {"order": None}, {"order": ["a"]}, []]
    for body in bodies:
        response = Client().post(URL, body, content_type="application/json", headers=TOKEN)
        assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid")


def test_attention_goes_on_from_what_is_known() -> None:
    job = changed(created("p1"), state="attention")
    assert _told(_ask(job.order.number, headers=TOKEN))[1]["state"] == "created"
    assert again(job).state == "created"
