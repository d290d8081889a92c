"""Paying an order that exists: Stripe's own page where our form cannot work, and a second way after a bank's no."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from notifications.models import OutgoingEmail
from orders import access
from orders.models import Order
from payments import checkout, checkout_page, gateway, settlement
from payments.models import CheckoutSession
from tests.pages import text
from tests.payments.conftest import (
    SESSION,
    Till,
    expired_session,
    form,
    opened,
    paid_session,
    refused,
    remembers,
    session_of,
    waiting,
)

pytestmark = pytest.mark.django_db


def _state(order: Order) -> str:
    order.refresh_from_db()
    return order.state


def test_our_own_form_is_closed_before_stripes_page_opens(settings: Settings, till: Till) -> None:
    settings.STRIPE_UI_MODE = "elements"
    order = waiting()
    opened(order)
    till.expires(json=expired_session(order))
    till.creates(session_of(order, number=2))
    assert checkout.start_hosted(order) == f"https://checkout.stripe.com/c/pay/{SESSION[:-1]}2"
    [call] = till.asked("POST", "/checkout/sessions")
    assert (form(call)["ui_mode"], form(call)["metadata[attempt]"]) == ("hosted_page", "2")
    assert list(order.sessions.values_list("state", "ui_mode")) == [("open", "hosted_page"), ("expired", "")]
    assert checkout.start_hosted(order).endswith("2"), "a second press opens nothing new"
    assert len(till.asked("POST", "/checkout/sessions")) == 1


def test_a_form_that_was_paid_meanwhile_is_settled_instead(settings: Settings, till: Till) -> None:
    settings.STRIPE_UI_MODE = "elements"
    order = waiting()
    opened(order)
    till.expires(**refused(400))
    till.session(paid_session(order))
    with pytest.raises(checkout.NotPayable):
        checkout.start_hosted(order)
    assert _state(order) == "paid"


def test_the_payment_page_and_its_button_have_one_limit_together(
    client: Client, settings: Settings, till: Till
) -> None:
    """Each of both calls Stripe."""
    settings.STRIPE_UI_MODE = "elements"
    order = waiting()
    remembers(client, order)
    till.creates(session_of(order, client_secret="cs_secret"))
    pages = {client.get(f"/checkout/pay/{order.token}/").status_code for _ in range(60)}
    assert (pages, len(till.asked("POST", "/checkout/sessions"))) == ({200}, 60)
    assert client.get(f"/checkout/pay/{order.token}/").status_code == 429
    assert client.post(f"/checkout/pay/{order.token}/").status_code == 429
    assert client.head(f"/checkout/pay/{order.token}/").status_code == 405
    assert len(till.asked("POST", "/checkout/sessions")) == 60


def test_the_success_page_and_its_api_have_one_limit_together(client: Client, till: Till) -> None:
    """Until the order is paid, each look reads from Stripe."""
    order = waiting()
    opened(order)
    remembers(client, order)
    till.session(session_of(order, number=1))
    page, api = f"/checkout/success/?session_id={SESSION}", f"/api/checkout/success?session_id={SESSION}"
    assert {client.get(path).status_code for path in [page, api] * 30} == {200}
    assert [client.get(page).status_code, client.get(api).status_code] == [429, 429]
    assert client.get(api).json()["error"]["code"] == "too_many"
    assert client.head(page).status_code == 405
    assert len(till.asked("GET", SESSION)) == 60


def again(order: Order) -> str:
    return f"/checkout/again/{order.token}/"


def identify(client: Client, order: Order) -> str:
    """Type the order's email address. Returns where that leads."""
    answer = client.post(f"/orders/{order.token}/prove/", {"email": order.email, "next": again(order)})
    return str(answer["Location"])


def test_the_link_alone_leads_to_no_page_of_stripes_which_would_show_the_email_address(
    client: Client, till: Till
) -> None:
    order = waiting()
    for answer in (client.get(again(order)), client.post(again(order), {"total": order.total})):
        assert answer["Location"] == f"/orders/{order.token}/prove/?next={again(order)}"
    assert not till.mock.calls
    assert not order.sessions.exists()
    assert identify(client, order) == again(order)
    till.creates(session_of(order))
    assert client.post(again(order))["Location"].startswith("https://checkout.stripe.com/")


def test_who_placed_the_order_pays_it_again_without_being_asked(client: Client, till: Till) -> None:
    order = waiting()
    remembers(client, order)
    till.creates(session_of(order))
    assert client.get(again(order)).status_code == 200
    assert client.post(again(order))["Location"].startswith("https://checkout.stripe.com/")


def test_paying_from_the_link_does_not_let_a_browser_redirect_the_parcel(client: Client, till: Till) -> None:
    order = waiting()
    identify(client, order)
    till.creates(session_of(order))
    client.post(again(order))
    till.session(paid_session(order))
    settlement.settle(gateway.session(SESSION), who="test")
    assert _state(order) == "paid"
    assert client.get(f"/checkout/success/?session_id={SESSION}").status_code == 200
    address = f"/orders/{order.token}/address/"
    assert client.get(address)["Location"] == f"/orders/{order.token}/verify/?next={address}"


def test_remembering_a_payer_proves_nothing(client: Client, rf: RequestFactory) -> None:
    """The list of orders that this browser pays is no list of orders that are this visitor's."""
    order = waiting()
    request = rf.get("/")
    request.session, request.user = {}, AnonymousUser()  # type: ignore[assignment]  # a plain dict will do
    checkout_page.remember(request, order)
    assert not access.knows_email(request, order)
    assert not access.is_verified(request, order)
    assert list(checkout_page.orders_of_browser(request)) == [order]


def _bank_said_no(till: Till, order: Order) -> None:
    opened(order)
    intent = {"id": "pi_3ownIntent0000000001", "object": "payment_intent", "status": "requires_payment_method"}
    till.session(paid_session(order, payment_status="unpaid", payment_intent=intent))
    settlement.settle(gateway.session(SESSION), who="test")


def test_a_banks_no_is_mailed_once_with_the_way_to_pay_all_the_same(client: Client, till: Till) -> None:
    order = waiting()
    _bank_said_no(till, order)
    assert settlement.settle(gateway.session(SESSION), who="test").outcome == "duplicate"
    mail = OutgoingEmail.objects.get(kind="payment_failed")
    assert mail.context["retry_url"].endswith(f"/checkout/again/{order.token}/")
    assert (_state(order), CheckoutSession.objects.get().state) == ("awaiting_payment", "failed")
    identify(client, order)
    assert client.get(f"/checkout/again/{order.token}/").status_code == 200
    till.creates(session_of(order, number=2))
    answer = client.post(f"/checkout/again/{order.token}/")
    assert answer["Location"].startswith("https://checkout.stripe.com/")


@pytest.mark.parametrize("state", ["paid", "expired", "canceled", "refunded"])
def test_what_is_past_paying_is_not_paid_again(client: Client, till: Till, state: str) -> None:
    order = waiting(state=state)
    assert client.post(f"/checkout/again/{order.token}/")["Location"] == order.get_absolute_url()
    assert not till.mock.calls


@pytest.mark.parametrize("tax", [0, 214])
def test_our_form_says_what_is_paid_tax_and_all(client: Client, settings: Settings, till: Till, tax: int) -> None:
    """Known as soon as the session is: Stripe Tax was told the address."""
    settings.STRIPE_UI_MODE = "elements"
    order = waiting()
    remembers(client, order)
    sums = {"amount_discount": 0, "amount_shipping": 475, "amount_tax": tax}
    till.creates(session_of(order, url=None, client_secret="cs_1", amount_total=2974 + tax, total_details=sums))
    page = text(client.get(f"/checkout/pay/{order.token}/"))
    assert f"Pay ${(2974 + tax) / 100:.2f}" in page
    assert ("Tax $2.14" in page) is bool(tax)
    order.refresh_from_db()
    assert order.total == 2974, "kept when it is paid"


def test_only_that_page_lets_anything_of_stripes_in(client: Client, settings: Settings, till: Till) -> None:
    settings.STRIPE_UI_MODE = "elements"
    order = waiting()
    remembers(client, order)
    till.creates(session_of(order, url=None, client_secret="cs_1"))
    policies = [client.get(url)["Content-Security-Policy"] for url in (f"/checkout/pay/{order.token}/", "/cart/")]
    own, others = (
        dict(part.strip().split(" ", 1) for part in policy.split(";") if part.strip()) for policy in policies
    )
    assert own["script-src"] == "'self' https://js.stripe.com https://*.js.stripe.com"
    assert "https://hooks.stripe.com" in own["frame-src"]
    assert "https://api.stripe.com" in own["connect-src"]
    assert "unsafe" not in policies[0]
    assert "stripe.com" not in others["script-src"] + others["connect-src"] + others["img-src"]
    assert "frame-src" not in others


def test_the_form_gives_way_to_stripes_own_page_in_two_presses_of_one_button(
    client: Client, settings: Settings, till: Till
) -> None:
    settings.STRIPE_UI_MODE = "elements"
    order = waiting()
    remembers(client, order)
    opened(order)
    till.expires(json=expired_session(order))
    till.creates(session_of(order, number=2))
    answers = [client.post(f"/checkout/pay/{order.token}/") for _ in range(2)]
    assert {answer["Location"] for answer in answers} == {f"https://checkout.stripe.com/c/pay/{SESSION[:-1]}2"}
    assert client.get(f"/checkout/pay/{order.token}/")["Location"] == answers[0]["Location"], "also after Back"
    assert len(till.asked("POST", "/checkout/sessions")) == 1
