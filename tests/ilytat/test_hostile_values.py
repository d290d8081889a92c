"""Whatever a stranger sends as a value, no page falls over: on SQLite and on PostgreSQL, which takes less."""

import json
import zlib
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import pytest
import responses
from django.test import Client
from pytest_django.fixtures import Settings

from ilytat.accounts.models import User
from ilytat.integrations import limits
from notifications.models import OutgoingEmail
from orders.forms import CheckoutForm, WatchForm
from payments import checkout_page
from tests import factories
from tests.addresses import BUYER
from tests.orders.conftest import SHOP
from tests.payloads import payload
from tests.payments.conftest import API as STRIPE_API

pytestmark = pytest.mark.django_db

FINE = range(200, 500)
EACH = 2  # values a field
VALUES = {
    "empty": "",
    "a NUL": "a\0b",
    "no UTF-8": "\udcff\udcfe",
    "10 to the 30": "1" + "0" * 30,
    "minus 10 to the 30": "-1" + "0" * 30,
    "an exponent": "1e400",
    "not a number": "NaN",
    "Arabic digits": "١٢٣",
    "a superscript": "²",
    "very long": "x" * 3000,
    "a long address": "a" * 290 + "@example.com",
    "a template": "{{ 7|add:7 }}{% now %}%(x)s%s{0}",
    "a header": "a\r\nBcc: b@example.com",
    "a path": "../../etc/passwd",
    "markup": '"><script>alert(1)</script>',
}
FORMS: dict[str, Mapping[str, str]] = {
    "/cart/add/": {"product": "{product}", "variant": "{variant}", "quantity": "1", "back": ""},
    "/cart/update/": {"line": "{line}", "quantity": "1", "country": ""},
    "/checkout/": {**BUYER, "phone": "", "method": "standard", "code": "", "action": "", "total_standard": ""},
    "/checkout/again/{token}/": {"total": "1"},
    "/orders/find/": {"number": "{number}", "email": "ana@example.com"},
    "/orders/{token}/prove/": {"email": "ana@example.com", "code": "", "next": ""},
    "/orders/{token}/verify/": {"code": "123456", "next": ""},
    "/orders/{proven}/address/": {**BUYER, "phone": "", "keep_address": "1"},
    "/orders/{proven}/swap/{order_line}/": {"variant": "{variant}"},
    "/orders/{proven}/problem/": {"kind": "damaged", "lines": "{order_line}", "words": "", "key": ""},
    "/orders/{proven}/arrived/": {"parcel": "1", "arrived": "no"},
    "/back-in-stock/{sold_out}/": {"variant": "{sold_out_variant}", "email": "ana@example.com"},
    "/newsletter/": {"email": "ana@example.com"},
    "/language/": {"language": "es", "next": "/"},
    "/accounts/login/": {"login": "ana@example.com", "password": "x", "next": "/"},
    "/accounts/signup/": {"email": "eva@example.com", "password1": "long-enough-4-anyone"},
    "/accounts/password/reset/": {"email": "ana@example.com"},
    "/accounts/privacy/ask/": {"email": "ana@example.com"},
    "/accounts/details/": {"first_name": "Ana", "language": "es"},
    "/accounts/email/": {"email": "eva@example.com", "action_add": ""},
    "/accounts/addresses/new/": {**BUYER, "phone": "", "usual": ""},
}
SIGNED_IN = ("/orders/{proven}", "/accounts/details", "/accounts/email", "/accounts/addresses", "/checkout/")
QUERIES = {
    "/": ("page",),
    "/products/": ("page", "sort", "type", "color", "size", "stock", "q"),
    "/products/seen/": ("ids",),
    "/products/{slug}/": ("variant", "colors", "sizes", "option", "country", "ask"),
    "/search/": ("q", "page", "sort"),
    "/search/suggest/": ("q",),
    "/checkout/": ("address",),
    "/checkout/success/": ("session_id",),
    "/api/products": ("page", "per_page", "category", "search", "type", "price_min", "in_stock", "sort"),
    "/api/checkout/success": ("session_id",),
    "/accounts/": ("page",),
    "/orders/{token}/prove/": ("next",),
    "/orders/{token}/verify/": ("next",),
    "/newsletter/": ("campaign",),
}
PATHS = (
    "/products/{v}/",
    "/categories/{v}/",
    "/products/{v}/picture.jpg",
    "/orders/{v}/",
    "/orders/{v}/prove/",
    "/orders/{v}/verify/",
    "/back-in-stock/{v}/",
    "/back-in-stock/yes/{v}/",
    "/checkout/pay/{v}/",
    "/checkout/again/{v}/",
    "/cart/again/{v}/",
    "/newsletter/confirm/{v}/",
    "/newsletter/choices/{v}/",
    "/newsletter/leave/{v}/",
    "/accounts/privacy/link/{v}/",
    "/accounts/addresses/{v}/",
    "/accounts/confirm-email/{v}/",
    "/accounts/password/reset/key/{v}/",
    "/api/products/{v}",
    "/media/{v}",
    "/static/{v}",
    "/{v}",
)


JSON_ROUTE = "/api/checkout/create-session"


@pytest.fixture(autouse=True)
def _providers() -> Iterator[None]:
    """Printify tells what shipping costs and Stripe opens a session, so that a value gets as far as it can."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add("POST", f"{SHOP}/orders/shipping.json", json=payload("printify/shipping"))
        mock.add("POST", f"{STRIPE_API}/checkout/sessions", json=payload("stripe/session"))
        yield


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "hit", lambda *_: True)


@pytest.fixture
def known(client: Client) -> dict[str, object]:
    """What stands in the addresses above. The client has a cart, and `proven` is an order of its account."""
    variant, sold_out = factories.variant(), factories.variant(is_available=False)
    cart = factories.cart(variant)
    user = User.objects.create_user("ana@example.com", "long-enough-4-anyone")
    proven = factories.paid_order(variant, user=user)
    session = client.session
    session["cart"] = cart.token
    unpaid = factories.order(variant)
    session[checkout_page.MINE] = [unpaid.token]
    session.save()
    return {
        "product": variant.product.pk,
        "sold_out": sold_out.product.pk,
        "sold_out_variant": sold_out.variant_id,
        "slug": variant.product.slug,
        "variant": variant.variant_id,
        "line": cart.lines.get().pk,
        "token": unpaid.token,
        "number": proven.number,
        "proven": proven.token,
        "order_line": proven.lines.get().pk,
    }


def address(path: str, known: Mapping[str, object]) -> str:
    return path.format_map({"v": "{v}", **known})


def sign_in(client: Client, path: str) -> None:
    """Where only an account gets through."""
    if path.startswith(SIGNED_IN):
        client.force_login(User.objects.get(email="ana@example.com"))


def in_bytes(value: str) -> str:
    return quote(value.encode("utf-8", "surrogateescape"))


def some(place: str) -> Iterator[tuple[str, str]]:
    """A few of the values, others for each place: between all places, each value is met many times."""
    first = zlib.crc32(place.encode()) % len(VALUES)
    rest = [*VALUES.items()]
    yield from (rest + rest)[first : first + EACH]


@pytest.mark.parametrize("path", FORMS)
def test_no_value_of_a_form_breaks_its_page(client: Client, known: dict[str, object], path: str) -> None:
    given = {name: value.format_map(known) for name, value in FORMS[path].items()}
    sign_in(client, path)
    for name in given:
        for why, value in some(path + name):
            body = "&".join(f"{key}={in_bytes(value if key == name else sent)}" for key, sent in given.items())
            answer = client.post(address(path, known), body, content_type="application/x-www-form-urlencoded")
            assert answer.status_code in FINE, f"{name}: {why}"


@pytest.mark.parametrize("path", QUERIES)
def test_no_value_of_a_query_breaks_its_page(client: Client, known: dict[str, object], path: str) -> None:
    sign_in(client, path)
    for name in QUERIES[path]:
        for why, value in some(path + name):
            answer = client.get(f"{address(path, known)}?{name}={in_bytes(value)}")
            assert answer.status_code in FINE, f"{name}: {why}"


@pytest.mark.parametrize("path", PATHS)
def test_no_piece_of_an_address_breaks_anything(client: Client, known: dict[str, object], path: str) -> None:
    for why, value in VALUES.items():
        assert client.get(path.format(v=in_bytes(value))).status_code in FINE, why


def test_no_value_of_the_json_api_breaks_it(client: Client, known: dict[str, object]) -> None:
    item = {"product_id": known["product"], "variant_id": known["variant"], "quantity": 1}
    whole = {"items": [item], "email": "ana@example.com", "shipping_method": "", "address": dict(BUYER)}
    assert client.post(JSON_ROUTE, json.dumps(whole), content_type="application/json").status_code == 200
    odd: list[object] = ["a\0b", "\ud800", "x" * 3000, VALUES["a long address"], 10**30, -1, 1.5, None, True, [], {}]
    bodies: list[object] = list(odd)
    for value in odd:
        bodies += [whole | {name: value} for name in ("items", "email", "address")]
        bodies += [whole | {"items": [item | {name: value}]} for name in item]
    bodies += [whole | {"address": BUYER | {name: value}} for name in BUYER for value in odd]
    for body in bodies:
        answer = client.post(JSON_ROUTE, json.dumps(body), content_type="application/json")
        assert answer.status_code in FINE, body


@pytest.mark.parametrize("raw", [b"\xff", b"{" * 99_999, b"[" * 99_999, b"NaN", b"", b'{"items": 1e999}', b"9" * 5000])
def test_what_is_no_json_of_ours_is_refused(client: Client, raw: bytes) -> None:
    answer = client.generic("POST", JSON_ROUTE, raw, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize("value", [*VALUES.values(), "\ud800"], ids=[*VALUES, "a lone surrogate"])
def test_no_value_breaks_the_service_route(client: Client, settings: Settings, value: str) -> None:
    headers = {"Authorization": f"Bearer {settings.API_TOKEN}"}
    sent = json.dumps({"order": value})
    answer = client.post("/api/orders/fulfill", sent, content_type="application/json", headers=headers)
    assert answer.status_code in {400, 404, 422}


def test_an_address_longer_than_any_is_no_buyers_and_gets_no_mail(client: Client) -> None:
    """Longer than 254 characters no address can be, and no column holds it."""
    long = VALUES["a long address"]
    assert "email" in CheckoutForm({**BUYER, "email": long}).errors
    assert "email" in WatchForm(factories.product(), {"email": long}, initial={}).errors
    assert "at most 254 characters" in client.post("/accounts/password/reset/", {"email": long}).content.decode()
    assert not OutgoingEmail.objects.exists()
