"""A quote whose time is over is asked for anew before a payment; a new price needs the buyer's word (E13)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ilytat.integrations.errors import Unavailable
from orders import cart as carts
from orders import lifecycle, live_quotes, quote_renewal
from orders.addresses import Address
from orders.lifecycle import CheckoutDetails
from orders.models import Order
from orders.quote_renewal import DeliveryChanged
from payments import checkout
from tests import factories
from tests.orders.conftest import SHOP, Upstream
from tests.pages import placed_here, text
from tests.payments.conftest import Till, form, opened, remembers, session_of, waiting

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_quotes, "STORED_SECONDS", 0)


def agreed(*, ago: int = 1, shipping: int = 475, priced: int = 475, **given: Any) -> Order:
    """Awaits payment at 29.74; its quote ended so many minutes ago."""
    kept = {"method": "standard", "amount": shipping, "parcels": [[99, priced]]}
    ended = timezone.now() - timedelta(minutes=ago)
    return waiting(quote=kept, quote_expires_at=ended, shipping=shipping, **given)


def costs(upstream: Upstream, amount: int, **other: int) -> None:
    upstream.mock.upsert("POST", f"{SHOP}/orders/shipping.json", json={"standard": amount, **other})


def asked(upstream: Upstream) -> int:
    return len(upstream.asked("POST", "/orders/shipping.json"))


def money(order: Order) -> tuple[int, int]:
    order.refresh_from_db()
    return order.shipping, order.total


def test_an_expired_quote_is_renewed_before_the_session_is_made(till: Till, upstream: Upstream) -> None:
    order = agreed()
    costs(upstream, 475)
    till.creates(session_of(order))
    checkout.start(order)
    assert money(order) == (475, 2974)
    assert order.quote_expires_at
    assert order.quote_expires_at > timezone.now()
    assert order.quote["parcels"] == [[99, 475]]
    assert [call.request.method for call in till.mock.calls] == ["POST", "POST"]
    assert str(till.mock.calls[0].request.url).endswith("/shipping.json"), "asked before the session was made"


def test_another_price_makes_no_session(till: Till, upstream: Upstream) -> None:
    order = agreed()
    costs(upstream, 525)
    with pytest.raises(DeliveryChanged) as news:
        checkout.start(order)
    assert news.value.total == 3024
    assert money(order) == (475, 2974), "nothing changes without the buyer's word"
    assert not order.sessions.exists()
    assert till.asked("POST", "/checkout/sessions") == []


@pytest.mark.parametrize("ago", [-5, -1])
def test_a_quote_that_holds_is_not_asked_for_again(till: Till, upstream: Upstream, ago: int) -> None:
    order = agreed(ago=ago)
    till.creates(session_of(order))
    checkout.start(order)
    assert asked(upstream) == 0


def test_a_session_that_is_open_keeps_its_price(till: Till, upstream: Upstream) -> None:
    order = agreed()
    opened(order)
    assert checkout.start(order).url
    assert list(till.mock.calls) == []


def test_while_printify_is_silent_nothing_is_paid(till: Till, upstream: Upstream) -> None:
    order = agreed()
    with pytest.raises(Unavailable):
        checkout.start(order)
    assert not order.sessions.exists()


def test_what_nobody_sends_there_any_more_is_not_paid(till: Till, upstream: Upstream) -> None:
    order = agreed()
    upstream.mock.upsert("POST", f"{SHOP}/orders/shipping.json", json={"economy": 400})
    with pytest.raises(DeliveryChanged) as news:
        checkout.start(order)
    assert news.value.total is None


@pytest.mark.parametrize(
    ("shipping", "priced", "now", "total"),
    [(0, 475, 900, 2499), (200, 475, 475, 2699), (200, 475, 525, 2749), (200, 475, 100, 2499)],
    ids=["free stays free", "the same", "dearer", "much cheaper"],
)
def test_what_a_code_took_off_delivery_it_still_takes_off(
    upstream: Upstream, shipping: int, priced: int, now: int, total: int
) -> None:
    order = agreed(shipping=shipping, priced=priced)
    costs(upstream, now)
    quote_renewal.accept(order, total) if total != order.total else quote_renewal.renew(order)
    assert money(order)[1] == total


def test_the_new_price_is_the_deal_once_the_buyer_agrees(till: Till, upstream: Upstream) -> None:
    order = agreed()
    costs(upstream, 525)
    quote_renewal.accept(order, 3024)
    assert money(order) == (525, 3024)
    till.creates(session_of(order))
    checkout.start(order)
    [call] = till.asked("POST", "/checkout/sessions")
    assert form(call)["shipping_options[0][shipping_rate_data][fixed_amount][amount]"] == "525"
    assert order.events.filter(what="agreed anew").count() == 1


def test_a_price_nobody_offers_is_not_agreed_to(upstream: Upstream) -> None:
    order = agreed()
    costs(upstream, 525)
    with pytest.raises(DeliveryChanged):
        quote_renewal.accept(order, 2500)
    assert money(order) == (475, 2974)


def test_what_is_paid_meanwhile_keeps_its_price(upstream: Upstream) -> None:
    order = agreed()
    Order.objects.filter(pk=order.pk).update(state="paid")
    costs(upstream, 525)
    quote_renewal.accept(order, 3024)
    assert money(order) == (475, 2974)


# --- On the pages --------------------------------------------------------------------------------------------


def test_the_buyer_sees_the_new_total_and_agrees_by_paying(client: Client, till: Till, upstream: Upstream) -> None:
    order = agreed()
    remembers(client, order)
    costs(upstream, 525)
    where = f"/checkout/again/{order.token}/"
    for _press in range(2):
        page = text(client.post(where, {"total": "2974"}))
        assert "the total is $30.24 instead of $29.74" in page
        assert "Pay $30.24" in page
    till.creates(session_of(order))
    answer = client.post(where, {"total": "3024"})
    assert answer["Location"].startswith("https://checkout.stripe.com/")
    assert money(order) == (525, 3024)


@pytest.mark.parametrize("typed", ["", "١٢", "-1", "1e9", "9" * 40, "2974 "])
def test_nonsense_agrees_to_nothing(client: Client, till: Till, upstream: Upstream, typed: str) -> None:
    order = placed_here(client, agreed())
    costs(upstream, 525)
    assert "instead of $29.74" in text(client.post(f"/checkout/again/{order.token}/", {"total": typed}))
    assert money(order) == (475, 2974)


def test_the_buyer_hears_that_nobody_sends_it_there(client: Client, upstream: Upstream) -> None:
    order = placed_here(client, agreed())
    upstream.mock.upsert("POST", f"{SHOP}/orders/shipping.json", json={"economy": 400})
    page = text(client.post(f"/checkout/again/{order.token}/"))
    assert "to this address any more" in page
    assert "Back to the cart" in page


def test_our_own_payment_page_leads_there(client: Client, settings: Any, upstream: Upstream) -> None:
    settings.STRIPE_UI_MODE = "elements"
    order = placed_here(client, agreed())
    costs(upstream, 525)
    answer = client.get(f"/checkout/pay/{order.token}/")
    assert answer["Location"] == f"/checkout/again/{order.token}/"


def test_the_same_deal_agreed_again_holds_as_long_as_a_new_one() -> None:
    """The checkout page has just asked: who presses Pay there an hour later is not asked a second time."""
    deal = CheckoutDetails(
        cart=carts.view(factories.cart(factories.variant())),
        email="ana@example.com",
        address=Address("Ana Ruiz", "233 S Wacker Dr", "", "Chicago", "IL", "60606", "US"),
        method="standard",
        shipping=475,
        arrives_from=timezone.localdate(),
        arrives_until=timezone.localdate(),
        language="en",
        quote={"method": "standard", "amount": 475, "parcels": [[99, 475]]},
    )
    first = lifecycle.place(deal)
    Order.objects.update(quote_expires_at=timezone.now() - timedelta(hours=1))
    second = lifecycle.place(deal)
    assert second.pk == first.pk
    assert second.quote_expires_at
    assert second.quote_expires_at > timezone.now()
