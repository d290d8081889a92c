"""Adding to the cart and changing it, as a browser does it: what each press leads to and says (E1, H5, H16)."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from catalog import availability
from catalog.models import Variant
from orders import quote
from orders.live_quotes import QuoteLine
from orders.models import Cart
from tests import factories
from tests.orders.conftest import SHOP, Upstream
from tests.pages import holding, source, text
from tests.payloads import payload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shipping(upstream: Upstream) -> None:
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json=payload("printify/shipping"))


def add(client: Client, variant: Variant, **given: Any) -> Any:
    form = {"product": variant.product_id, "variant": variant.variant_id, "quantity": 1} | given
    return client.post("/cart/add/", form, follow=True)


def choice(variant: Variant) -> str:
    return f"{variant.product.get_absolute_url()}?variant={variant.variant_id}"


def test_what_was_added_is_said_on_the_page_of_the_choice(client: Client) -> None:
    variant = factories.variant()
    answer = add(client, variant, quantity=2)
    assert answer.redirect_chain == [(choice(variant), 302)]
    assert "is in your cart." in source(answer)
    assert Cart.objects.get().lines.get().quantity == 2


def source_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_what_is_sold_out_makes_no_cart_and_says_so(client: Client) -> None:
    variant = factories.variant(is_available=False)
    answer = add(client, variant)
    assert answer.redirect_chain == [(choice(variant), 302)]
    assert "is sold out at the moment." in source(answer)
    assert not Cart.objects.exists()


def test_what_nobody_could_check_for_too_long_is_not_put_in(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    variant = factories.variant()
    monkeypatch.setattr(availability, "ensure_fresh", frozenset)
    answer = add(client, variant)
    assert answer.redirect_chain == [(choice(variant), 302)]
    assert "We cannot check the stock right now." in source(answer)
    assert not Cart.objects.exists()


def test_a_full_cart_says_so_and_stays_as_it_was(client: Client, settings: Settings) -> None:
    settings.CART_LINES_MAX = 1
    cart = holding(client, factories.cart(factories.variant()))
    answer = add(client, factories.variant())
    assert "The cart is full." in source(answer)
    assert "is in your cart." not in source(answer)
    assert cart.lines.count() == 1


def test_a_variant_of_another_product_is_not_found(client: Client) -> None:
    variant, other = factories.variant(), factories.variant()
    form = {"product": variant.product_id, "variant": other.variant_id, "quantity": 1}
    assert client.post("/cart/add/", form).status_code == 404
    assert not Cart.objects.exists()


@pytest.mark.parametrize("product", ["", "-1", "x", "²", "99999999999", "2147483648"])
def test_a_form_that_makes_no_sense_leads_to_what_is_offered(client: Client, product: str) -> None:
    answer = client.post("/cart/add/", {"product": product, "variant": "1", "quantity": "1"})
    assert answer.headers["Location"] == "/products/"


def test_a_form_that_makes_no_sense_leads_back_to_the_product_it_stood_on(client: Client) -> None:
    variant = factories.variant()
    answer = add(client, variant, quantity="many")
    assert answer.redirect_chain == [(variant.product.get_absolute_url(), 302)]
    assert "Please choose what is offered on this page." in source(answer)


# --- changing it -----------------------------------------------------------------------------------------


def change(client: Client, **form: Any) -> Any:
    answer = client.post("/cart/update/", form, follow=True)
    assert answer.redirect_chain == [("/cart/", 302)]
    return answer


def test_another_quantity_is_kept_and_said(client: Client) -> None:
    cart = holding(client, factories.cart(factories.variant()))
    answer = change(client, line=cart.lines.get().pk, quantity=3)
    assert "The cart is up to date." in source(answer)
    assert "Put it back" not in text(answer)
    assert cart.lines.get().quantity == 3


def test_a_line_of_another_cart_is_neither_changed_nor_offered_to_be_put_back(client: Client) -> None:
    holding(client, factories.cart(factories.variant()))
    theirs = factories.cart(factories.variant(), quantity=2)
    answer = change(client, line=theirs.lines.get().pk, quantity=0)
    assert "Put it back" not in text(answer)
    assert theirs.lines.get().quantity == 2


def test_the_country_of_the_cart_is_kept_and_changes_no_line(client: Client) -> None:
    cart = holding(client, factories.cart(factories.variant(), quantity=2))
    change(client, country="CA", line=cart.lines.get().pk, quantity=5)
    cart.refresh_from_db()
    assert (cart.country, cart.lines.get().quantity) == ("CA", 2)


@pytest.mark.parametrize("form", [{"line": "x"}, {"country": "XX"}, {"quantity": "-1", "line": "1"}])
def test_nonsense_changes_nothing_and_says_so(client: Client, form: dict[str, str]) -> None:
    cart = holding(client, factories.cart(factories.variant()))
    assert "The cart could not be changed like that." in source(change(client, **form))
    cart.refresh_from_db()
    assert (cart.country, cart.lines.get().quantity) == ("", 1)


def test_without_a_cart_there_is_nothing_to_change(client: Client) -> None:
    assert "The cart could not be changed like that." in source(change(client, line=1, quantity=2))
    assert not Cart.objects.exists()


def test_what_was_taken_out_and_sold_out_since_is_not_offered_back(client: Client) -> None:
    variant = factories.variant()
    cart = holding(client, factories.cart(variant, factories.variant()))
    client.post("/cart/update/", {"line": cart.lines.get(variant=variant).pk, "quantity": 0})
    Variant.objects.filter(pk=variant.pk).update(is_available=False)
    assert "Put it back" not in text(client.get("/cart/"))


# --- the price of delivery -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "ours"),
    [(400, 8103, False), (400, 8104, True), *((status, None, True) for status in (400, 401, 403, 404, 422))],
)
def test_only_what_is_said_of_the_address_is_the_buyers_fault(
    upstream: Upstream, status: int, code: int | None, *, ours: bool
) -> None:
    upstream.mock.upsert("POST", f"{SHOP}/orders/shipping.json", status=status, json={"code": code})
    with pytest.raises(quote.QuoteUnavailable) as problem:
        quote.of_lines([QuoteLine("p1", 1, 1, None)], country="US")
    assert problem.type is (quote.QuoteUnavailable if ours else quote.DestinationNotServed)


def test_the_same_question_is_asked_once(upstream: Upstream) -> None:
    wanted = [QuoteLine("p1", 1, 1, None)]
    first = quote.of_lines(wanted, country="US", region="IL", zip_code="60606")
    assert quote.of_lines(wanted, country="US", region="IL", zip_code="60606") == first
    assert len(upstream.asked("POST", "/orders/shipping.json")) == 1
    for other in ({"zip_code": "60607"}, {"region": "NY"}):
        quote.of_lines(wanted, country="US", **other)
    assert len(upstream.asked("POST", "/orders/shipping.json")) == 3


@pytest.mark.parametrize(("printers", "calls"), [(1, 1), (2, 2), (4, 4), (5, 1)])
def test_each_printer_is_asked_until_they_are_too_many(upstream: Upstream, printers: int, calls: int) -> None:
    products = [factories.product(print_provider_id=number) for number in range(1, printers + 1)]
    found = quote.of_lines([QuoteLine(x.printify_id, 1, 1, x) for x in products], country="US")
    assert len(upstream.asked("POST", "/orders/shipping.json")) == calls
    assert [option.amount for option in found] == sorted(option.amount for option in found)
    cheapest = next(option for option in found if option.code == "standard")
    assert (cheapest.amount, len(cheapest.parcels)) == (475 * calls, calls)
