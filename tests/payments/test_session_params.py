"""What Stripe is asked for, part by part: sums it takes, ways back, whose discount, and where the parcel goes (D16)."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from orders.models import Order
from payments import session_params
from payments.models import CheckoutSession
from payments.session_params import MAXIMUM_CHARGE, chargeable
from tests import factories
from tests.payments.conftest import opened, waiting

pytestmark = pytest.mark.django_db


def _params(order: Order, customer: str = "", **row: Any) -> dict[str, Any]:
    return session_params.params(order, opened(order, **row), customer)


@pytest.mark.parametrize(
    ("total", "currency", "discount", "good"),
    [
        (49, "USD", 0, False),
        (50, "USD", 0, True),
        (29, "GBP", 0, False),
        (30, "GBP", 0, True),
        (49, "JPY", 0, False),
        (50, "JPY", 0, True),
        (17499, "HUF", 0, False),
        (49, "XTS", 0, False),
        (1, "CLP", 0, True),
        (MAXIMUM_CHARGE, "USD", 0, True),
        (MAXIMUM_CHARGE + 1, "USD", 0, False),
        (0, "USD", 0, False),
        (0, "USD", 1, True),
        (10, "USD", 5, False),
        (-1, "USD", 5, False),
    ],
)
def test_sums_that_stripe_takes(total: int, currency: str, discount: int, *, good: bool) -> None:
    assert chargeable(total, currency, discount=discount) is good


def test_the_row_decides_its_page_before_the_setting(settings: Settings) -> None:
    settings.STRIPE_UI_MODE = "elements"
    assert session_params.mode(CheckoutSession(ui_mode="")) == "elements"
    assert session_params.mode(CheckoutSession(ui_mode="hosted_page")) == "hosted_page"


def test_stripes_page_leads_back_to_the_cart_and_our_own_to_its_end(settings: Settings) -> None:
    hosted = _params(waiting(), ui_mode="hosted_page")
    own = _params(waiting(), ui_mode="elements", stripe_session_id="cs_test_2")
    success = "http://testserver/checkout/success/?session_id={CHECKOUT_SESSION_ID}"
    assert (hosted["success_url"], hosted["cancel_url"]) == (success, "http://testserver/cart/")
    assert own["return_url"] == success
    assert {"success_url", "cancel_url", "consent_collection"}.isdisjoint(own)


@pytest.mark.parametrize("wanted", [True, False])
def test_a_cart_left_behind_is_asked_about_where_the_owner_wishes(settings: Settings, *, wanted: bool) -> None:
    settings.ABANDONED_CART_MAIL = wanted
    asked = _params(waiting())
    assert "after_expiration" not in asked  # a recovery link would charge the old prices for a month
    assert asked.get("consent_collection") == ({"promotions": "auto"} if wanted else None)


@pytest.mark.parametrize("theirs", [True, False])
def test_one_discount_ours_or_theirs(settings: Settings, *, theirs: bool) -> None:
    settings.STRIPE_PROMOTION_CODES = theirs
    mine, plain = waiting(discount=500, total=2474), waiting()
    assert _params(mine)["discounts"] == [{"coupon": f"order-{mine.number}"}]
    asked = _params(plain, stripe_session_id="cs_test_2")
    assert asked.get("allow_promotion_codes") == (True if theirs else None)
    assert "discounts" not in asked


def test_a_known_customer_stands_in_for_the_address_of_the_mail() -> None:
    order = waiting()
    row = opened(order)
    named, unnamed = session_params.params(order, row, "cus_1"), session_params.params(order, row)
    assert (named["customer"], named.get("customer_email")) == ("cus_1", None)
    assert (unnamed.get("customer"), unnamed["customer_email"]) == (None, "ana@example.com")


def test_the_same_attempt_says_the_very_same_words() -> None:
    order = waiting()
    row = opened(order)
    again = CheckoutSession.objects.get(pk=row.pk)
    assert session_params.params(order, row) == session_params.params(Order.objects.get(pk=order.pk), again)


def test_where_the_parcel_goes_leaves_out_what_is_not_known() -> None:
    order = waiting(language="fr", zip="", region="")
    there = {"line1": "233 S Wacker Dr", "city": "Chicago", "country": "US"}
    assert session_params.customer(order) == {
        "email": "ana@example.com",
        "name": "Ana Ruiz",
        "shipping": {"name": "Ana Ruiz", "address": there},
        "preferred_locales": ["fr"],
        "metadata": {"order": order.number},
    }


def test_a_line_is_named_in_full_and_described_by_its_choice() -> None:
    order = waiting()
    line = order.lines.get()
    order.lines.update(title="T" * 200)
    other = factories.order_line(order, factories.variant(price=999), quantity=3)
    order.lines.filter(pk=other.pk).update(label="")
    first, second = (item for item in _params(order)["line_items"])
    assert first["price_data"]["product_data"] == {"name": "T" * 200, "description": "White / S"}
    assert "description" not in second["price_data"]["product_data"]
    assert (second["quantity"], second["price_data"]["unit_amount"]) == (3, 999)
    assert [first["metadata"], second["metadata"]] == [{"line": str(line.pk)}, {"line": str(other.pk)}]


def test_delivery_is_called_by_its_way() -> None:
    order = waiting(shipping_method="printify_express")
    [option] = _params(order)["shipping_options"]
    assert option["shipping_rate_data"]["display_name"] == "Printify express"
    assert option["shipping_rate_data"]["fixed_amount"] == {"amount": 475, "currency": "usd"}
