"""Sessions through the real stripe-python: what is taken, what is refused and how, what a key remembers."""

import time
from typing import Any

import pytest
import requests
import stripe

from tests.sandbox import till
from tests.sandbox.conftest import Listener
from tests.sandbox.process import Sandbox

CREATE = "stripe.checkout.sessions.create"
PLACES = "shipping_address_collection"


def test_a_new_session_is_open_and_says_what_it_costs(keyed: Sandbox) -> None:
    api = till.client(keyed).v1.checkout.sessions
    lines = [till.line(), till.line("Be kind mug", amount=1899, quantity=1)]

    session = api.create(till.params(line_items=lines))

    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert session.url == f"{keyed.url}/pay/{session.id}"
    assert (session.amount_subtotal, session.amount_total, session.livemode) == (6799, 7298, False)
    read = api.retrieve(session.id, {"expand": ["line_items", "line_items.data.price.product"]})
    assert read.line_items is not None
    assert [(entry.description, entry.quantity, entry.amount_total) for entry in read.line_items.data] == [
        ("Hello sunshine tee, M", 2, 4900),
        ("Be kind mug", 1, 1899),
    ]
    assert [entry.id for entry in api.line_items.list(session.id).data] == [entry.id for entry in read.line_items.data]


REFUSED: list[tuple[dict[str, Any], str, str | None]] = [
    ({"colour": "red"}, "colour", "parameter_unknown"),
    ({"payment_method_types": ["card"]}, "payment_method_types", "parameter_unknown"),
    ({"line_items": [till.line(tax="x")]}, "line_items[0][price_data][tax]", "parameter_unknown"),
    ({"mode": None}, "mode", "parameter_missing"),
    ({"success_url": None}, "success_url", "parameter_missing"),
    ({"line_items": [{"quantity": 1}]}, "line_items[0][price_data]", "parameter_missing"),
    ({"ui_mode": "hosted"}, "ui_mode", None),
    ({"ui_mode": "custom"}, "ui_mode", None),
    ({"return_url": "https://shop.example/"}, "return_url", None),
    ({"ui_mode": "elements", "return_url": "https://shop.example/"}, "cancel_url", None),
    ({"cancel_url": "cart"}, "cancel_url", "url_invalid"),
    ({"customer_email": "ada"}, "customer_email", "email_invalid"),
    ({"line_items": [till.line(quantity=0)]}, "line_items[0][quantity]", "parameter_invalid_integer"),
    ({"line_items": [till.line(amount=-5)]}, "line_items[0][price_data][unit_amount]", "parameter_invalid_integer"),
    ({"line_items": [till.line(name="")]}, "line_items[0][price_data][product_data][name]", "parameter_invalid_empty"),
    ({"line_items": [till.line(), till.line(currency="eur")]}, "line_items[1][price_data][currency]", None),
    ({"line_items": [till.line(amount=10, quantity=1)], "shipping_options": None}, "line_items", "amount_too_small"),
    ({"line_items": [till.line(amount=99_999_999)]}, "line_items", "amount_too_large"),
    ({"shipping_options": [till.rate()] * 6}, "shipping_options", None),
    ({"expires_at": 1}, "expires_at", None),
    ({"expires_at": 4_000_000_000}, "expires_at", None),
    ({"metadata": {"order": "x" * 501}}, "metadata[order]", None),
    ({"locale": "tlh"}, "locale", None),
    ({PLACES: {"allowed_countries": ["KP"]}}, f"{PLACES}[allowed_countries][0]", None),
    ({"discounts": [{"coupon": "NONE"}]}, "discounts[0][coupon]", "resource_missing"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "param", "code"), REFUSED, ids=[str(case[1]) for case in REFUSED])
def test_what_stripe_would_refuse_is_refused(
    keyed: Sandbox, changes: dict[str, Any], param: str, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        till.client(keyed).v1.checkout.sessions.create(till.params(**changes))

    assert refusal.value.http_status == 400
    assert (refusal.value.param, refusal.value.code) == (param, code)
    assert str(refusal.value.request_id).startswith("req_")
    assert keyed.state()["sessions"] == []


def test_free_orders_and_the_dearest_one_are_taken(keyed: Sandbox) -> None:
    api = till.client(keyed).v1.checkout.sessions
    free = api.create(till.params(line_items=[till.line(amount=0)], shipping_options=None))
    dear = api.create(till.params(line_items=[till.line(amount=99_999_999, quantity=1)], shipping_options=None))

    keyed.control(f"stripe/sessions/{free.id}/pay")

    assert dear.amount_total == 99_999_999
    done = api.retrieve(free.id)
    assert (done.status, done.payment_status, done.payment_intent) == ("complete", "no_payment_required", None)


def test_a_key_remembers_its_first_answer(keyed: Sandbox) -> None:
    api = till.client(keyed).v1.checkout.sessions
    asked = till.params()

    first = api.create(asked, {"idempotency_key": "checkout:ILY-1:1"})
    again = api.create(asked, {"idempotency_key": "checkout:ILY-1:1"})

    assert again.id == first.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        api.create(till.params(metadata={"order": "ILY-2"}), {"idempotency_key": "checkout:ILY-1:1"})
    assert len(keyed.state()["sessions"]) == 1


def test_a_refusal_is_not_remembered_but_a_lost_answer_is(keyed: Sandbox) -> None:
    api = till.client(keyed).v1.checkout.sessions
    asked = till.params()
    with pytest.raises(stripe.InvalidRequestError):
        api.create(till.params(customer_email="ada"), {"idempotency_key": "k"})
    keyed.arm(CREATE, "429")
    with pytest.raises(stripe.RateLimitError):
        api.create(asked, {"idempotency_key": "k"})
    keyed.arm(CREATE, "accept_then_cut")
    with pytest.raises(stripe.APIConnectionError):
        api.create(asked, {"idempotency_key": "k"})

    found = api.create(asked, {"idempotency_key": "k"})

    assert [session["id"] for session in keyed.state()["sessions"]] == [found.id]
    assert [fault["fired"] for fault in keyed.faults()] == [1, 1]


def test_wrong_keys_and_the_other_mode(keyed: Sandbox, sandbox: Sandbox) -> None:
    with pytest.raises(stripe.AuthenticationError):
        till.client(keyed, "sk_test_wrong").v1.balance.retrieve()
    with pytest.raises(stripe.AuthenticationError):
        till.client(sandbox, "pk_test_till").v1.balance.retrieve()
    assert requests.get(f"{keyed.url}/stripe/v1/balance", timeout=60).status_code == 401

    secure = till.params(success_url="https://shop.example/", cancel_url="https://shop.example/cart/")
    live = till.client(sandbox, "sk_live_till").v1.checkout.sessions.create(secure)
    assert live.livemode
    assert live.id.startswith("cs_live_")
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        till.client(sandbox, "sk_test_till").v1.checkout.sessions.retrieve(live.id)
    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")


def test_a_session_runs_out_and_offers_recovery(keyed: Sandbox, shop_endpoint: Listener) -> None:
    api = till.client(keyed).v1.checkout.sessions
    asked = till.params(expires_at=int(time.time()) + 2, after_expiration={"recovery": {"enabled": True}})
    session = api.create(asked)

    # Nobody reads the session: the sandbox sees by itself that its time is over.
    shop_endpoint.wait(lambda: till.types(shop_endpoint.received, session.id) == {"checkout.session.expired"})

    (event,) = till.events(shop_endpoint.received, session.id)
    recovery = event["data"]["object"]["after_expiration"]["recovery"]
    assert requests.get(recovery["url"], timeout=60).url.startswith(f"{keyed.url}/pay/cs_test_")
    assert [(one.status, one.url) for one in api.list({"status": "expired"}).data] == [("expired", None)]
    (renewed,) = api.list({"status": "open"}).data
    assert (renewed.recovered_from, renewed.amount_total) == (session.id, 5399)


def test_expire_update_and_their_limits(keyed: Sandbox) -> None:
    api = till.client(keyed).v1.checkout.sessions
    hosted, drawn = api.create(till.params()), api.create(till.elements())

    noted = api.update(hosted.id, {"metadata": {"order": "", "note": "x"}}).metadata
    assert noted is not None
    assert noted.to_dict() == {"note": "x"}
    assert api.update(drawn.id, {"line_items": [till.line(quantity=3)]}).amount_total == 7849
    with pytest.raises(stripe.InvalidRequestError):
        api.update(hosted.id, {"line_items": [till.line(quantity=3)]})
    assert (api.expire(hosted.id).status, api.retrieve(hosted.id).url) == ("expired", None)
    with pytest.raises(stripe.InvalidRequestError):
        api.expire(hosted.id)


def test_lists_are_pages_with_a_cursor(keyed: Sandbox) -> None:
    api = till.client(keyed).v1.checkout.sessions
    made = [api.create(till.params()).id for _ in range(5)]

    listed = api.list({"limit": 2})

    assert listed.has_more
    assert [one.id for one in listed.auto_paging_iter()] == made[::-1]
    assert api.list({"created": {"gt": int(time.time()) + 5}}).data == []
    with pytest.raises(stripe.InvalidRequestError):
        api.list({"expand": ["data.success_url"]})


def test_discount_and_tax(keyed: Sandbox) -> None:
    v1 = till.client(keyed).v1
    coupon = v1.coupons.create({"percent_off": 10, "duration": "once"})
    code = v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "HELLO"})
    lines = [till.line(tax_behavior="exclusive"), till.line("Mug", amount=1899, quantity=1, tax_behavior="inclusive")]

    session = v1.checkout.sessions.create(
        till.params(line_items=lines, discounts=[{"promotion_code": code.id}], automatic_tax={"enabled": True})
    )
    assert (session.amount_subtotal, session.amount_total) == (6799, 6799 - 680 + 499)
    keyed.control(f"stripe/sessions/{session.id}/pay")

    done = v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items", "discounts.promotion_code"]})
    assert done.line_items is not None
    assert [(one.amount_discount, one.amount_tax) for one in done.line_items.data] == [(491, 353), (189, 127)]
    assert done.total_details is not None
    # Exclusive tax of the tees and the shipping is added, inclusive tax of the mug is not.
    assert (done.total_details.amount_discount, done.amount_total) == (680, 6799 - 680 + 499 + 353 + 40)


def test_a_deleted_customer_is_gone_and_deleting_it_again_is_a_404(keyed: Sandbox) -> None:
    api = till.client(keyed).v1.customers
    made, other = (api.create({"email": email}) for email in ("ada@example.com", "bo@example.com"))
    assert [row.id for row in api.list({"email": "ada@example.com"}).data] == [made.id]
    deleted = api.delete(made.id)
    assert (deleted.id, deleted.object, deleted.deleted) == (made.id, "customer", True)
    with pytest.raises(stripe.InvalidRequestError) as again:
        api.delete(made.id)
    assert (again.value.http_status, again.value.code) == (404, "resource_missing")
    assert [row.id for row in api.list().data] == [other.id]
