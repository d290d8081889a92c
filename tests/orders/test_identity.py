"""Who may see the whole order: the link shows no address, the e-mail address or a mailed code opens it (H6, J3)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from limits import parse

from ilytat.accounts.models import User
from ilytat.integrations import limits
from notifications.models import OutgoingEmail
from orders import access
from orders.models import Fulfilment, Order
from tests import factories
from tests.orders.conftest import again, created, paid, printing
from tests.pages import text

pytestmark = pytest.mark.django_db


def page(order: Order, tail: str = "") -> str:
    return order.get_absolute_url() + tail


def proven(client: Client, order: Order) -> Client:
    client.post(page(order, "prove/"), {"email": order.email})
    return client


def verified(client: Client, order: Order) -> Client:
    client.post(page(order, "verify/"), {"action": "send"})
    client.post(page(order, "verify/"), {"code": mailed_code()})
    return client


def mailed_code() -> str:
    return str(OutgoingEmail.objects.filter(kind="order_code").latest("pk").context["code"])


def test_the_link_alone_shows_neither_address_nor_e_mail(client: Client) -> None:
    order = paid().order
    shown = client.get(page(order)).content.decode()
    assert order.address1 not in shown
    assert order.email not in shown
    assert order.zip not in shown


@pytest.mark.parametrize(("tail", "question"), [("cancel/", "prove/"), ("address/", "verify/"), ("swap/1/", "prove/")])
@pytest.mark.parametrize("method", ["get", "post"])
def test_the_link_alone_changes_nothing(client: Client, tail: str, question: str, method: str) -> None:
    order = paid(ready=False).order
    answer = getattr(client, method)(page(order, tail))
    assert (answer.status_code, answer["Location"]) == (302, f"{page(order, question)}?next={page(order, tail)}")
    assert Order.objects.get(pk=order.pk).state == "paid"


def test_the_e_mail_address_opens_it_in_this_browser_only(client: Client) -> None:
    order = paid().order
    way_on = page(order, "cancel/")
    answer = client.post(page(order, "prove/"), {"email": " ANA@Example.com ", "next": way_on})
    assert answer["Location"] == way_on
    assert order.address1 in client.get(page(order)).content.decode()
    assert order.address1 not in Client().get(page(order)).content.decode()


def test_another_order_stays_closed(client: Client) -> None:
    mine, other = paid().order, paid(number="OTHER234").order
    proven(client, mine)
    assert other.address1 not in client.get(page(other)).content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/admin/", ""])
def test_the_way_on_leads_nowhere_else(client: Client, elsewhere: str) -> None:
    order = paid().order
    answer = client.post(page(order, "prove/"), {"email": order.email, "next": elsewhere})
    assert answer["Location"] == page(order)


def _guess(client: Client, order: Order, email: str, caller: str) -> int:
    return int(client.post(page(order, "prove/"), {"email": email}, REMOTE_ADDR=caller).status_code)


def test_guesses_of_the_address_are_limited_by_caller(client: Client) -> None:
    order = paid().order
    for _ in range(5):
        assert _guess(client, order, "bob@example.com", "192.0.2.1") == 422
    assert _guess(client, order, order.email, "192.0.2.1") == 422, "also the right one"
    assert order.address1 not in client.get(page(order)).content.decode()


def test_who_uses_up_his_guesses_does_not_shut_the_buyer_out(client: Client) -> None:
    order = paid().order
    for _ in range(30):
        _guess(Client(), order, "bob@example.com", "192.0.2.1")
    assert _guess(client, order, order.email, "198.51.100.7") == 302


def test_guesses_of_the_address_from_many_places_are_limited_by_order_and_a_mailed_code_still_opens_it(
    client: Client,
) -> None:
    order = paid().order
    for place in range(20):
        assert _guess(Client(), order, "bob@example.com", f"192.0.2.{place}") == 422
    assert _guess(client, order, order.email, "198.51.100.7") == 422, "also the right one"
    client.post(page(order, "prove/"), {"action": "send"})
    assert client.post(page(order, "prove/"), {"code": mailed_code()}).status_code == 302


def test_a_mailed_code_opens_it(client: Client) -> None:
    order = paid().order
    client.post(page(order, "prove/"), {"action": "send"})
    code = mailed_code()
    assert re.fullmatch(r"\d{6}", code)
    assert OutgoingEmail.objects.get(kind="order_code").to == order.email
    assert Client().post(page(order, "prove/"), {"code": code}).status_code == 422, "bound to the browser that asked"
    assert client.post(page(order, "prove/"), {"code": f" {code[:3]} {code[3:]} "}).status_code == 302
    assert order.address1 in client.get(page(order)).content.decode()


def test_a_code_is_not_guessed(client: Client) -> None:
    order = paid().order
    client.post(page(order, "prove/"), {"action": "send"})
    code = mailed_code()
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        assert client.post(page(order, "prove/"), {"code": wrong}).status_code == 422
    assert client.post(page(order, "prove/"), {"code": code}).status_code == 422, "five tries, then another code"


def test_wrong_codes_of_a_stranger_do_not_spend_the_buyers(client: Client) -> None:
    order = paid().order
    client.post(page(order, "prove/"), {"action": "send"})
    code, stranger = mailed_code(), Client(REMOTE_ADDR="192.0.2.1")
    stranger.post(page(order, "prove/"), {"action": "send"})
    for _ in range(9):
        assert stranger.post(page(order, "prove/"), {"code": "12345"}).status_code == 422
    assert client.post(page(order, "prove/"), {"code": code}).status_code == 302


def test_tries_at_once_do_not_each_find_the_session_fresh(client: Client) -> None:
    """What a session says can be put back by a request that read it earlier: the count is not in there."""
    order = paid().order
    client.post(page(order, "prove/"), {"action": "send"})
    before, wrong = dict(client.session.items()), "000000" if mailed_code() != "000000" else "111111"
    for _ in range(5):
        client.post(page(order, "prove/"), {"code": wrong})
        session = client.session
        session.update(before)
        session.save()
    assert client.post(page(order, "prove/"), {"code": mailed_code()}).status_code == 422


def _ask_for_code(order: Order, caller: str) -> int:
    return int(Client().post(page(order, "prove/"), {"action": "send"}, REMOTE_ADDR=caller).status_code)


def _codes_sent() -> int:
    return OutgoingEmail.objects.filter(kind="order_code").count()


def test_a_caller_who_takes_all_codes_of_his_leaves_one_for_a_caller_who_comes_first_that_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access, "CODES_HERE", parse("100/hour"))  # as if he came back every hour
    order = paid().order
    for _ in range(32):
        _ask_for_code(order, "192.0.2.1")
    assert _codes_sent() == 5
    for place in range(2, 9):
        for _ in range(4):
            _ask_for_code(order, f"192.0.2.{place}")
    sent = _codes_sent()
    assert sent == 8 + 10, "the first of each, and ten more"
    assert _ask_for_code(order, "198.51.100.7") == 200
    assert _codes_sent() == sent + 1


def test_codes_from_many_places_do_not_fill_a_mailbox() -> None:
    order = paid().order
    answers = [_ask_for_code(order, f"198.51.100.{place}") for place in range(30)]
    assert (_codes_sent(), answers) == (20, [200] * 20 + [429] * 10)


@pytest.mark.parametrize("question", ["prove/", "verify/"])
def test_a_code_that_was_not_sent_is_not_said_to_be_and_an_earlier_one_still_works(
    client: Client, question: str
) -> None:
    order = paid(ready=False).order
    for _ in range(4):
        assert "We have sent a code" in text(client.post(page(order, question), {"action": "send"}))
    refused = client.post(page(order, question), {"action": "send"})
    assert refused.status_code == 429
    assert "No code was sent" in text(refused)
    assert "We have sent a code" not in text(refused)
    assert client.post(page(order, question), {"code": mailed_code()}).status_code == 302


# --- Where the parcel goes -----------------------------------------------------------------------------


def address_of(order: Order) -> str:
    return Order.objects.get(pk=order.pk).address1


def test_the_email_address_shows_the_order_but_does_not_redirect_the_parcel(client: Client) -> None:
    """A forwarded order mail holds both the link and the address."""
    order = paid(ready=False).order
    proven(client, order)
    assert order.address1 in client.get(page(order)).content.decode()
    for method in ("get", "post"):
        answer = getattr(client, method)(page(order, "address/"), ADDRESS)
        assert answer["Location"] == f"{page(order, 'verify/')}?next={page(order, 'address/')}"
    assert address_of(order) == order.address1


def test_the_email_address_is_no_answer_where_the_code_is_asked_for(client: Client) -> None:
    order = paid(ready=False).order
    assert client.post(page(order, "verify/"), {"email": order.email}).status_code == 422
    assert client.post(page(order, "verify/"), {"code": ""}).status_code == 422
    assert "verify/" in client.get(page(order, "address/"))["Location"]


def test_the_page_says_why_a_code_is_asked_for_and_mails_it(client: Client) -> None:
    order = paid(ready=False).order
    shown = client.get(page(order, "address/"), follow=True)
    assert "A new address sends your package somewhere else." in text(shown)
    assert order.email not in shown.content.decode()
    assert not OutgoingEmail.objects.filter(kind="order_code").exists(), "looking sends nothing"
    sent = client.post(page(order, "verify/"), {"action": "send", "next": page(order, "address/")})
    assert "We have sent a code" in text(sent)
    assert f'value="{page(order, "address/")}"' in sent.content.decode()
    answer = client.post(page(order, "verify/"), {"code": mailed_code(), "next": page(order, "address/")})
    assert answer["Location"] == page(order, "address/")
    assert client.get(page(order, "verify/"))["Location"] == page(order), "it is asked once"


def test_the_mailed_code_lets_this_browser_alone_redirect_the_parcel(client: Client) -> None:
    order = paid(ready=False).order
    cache.set("printify-quote-paused", True)
    verified(client, order)
    stranger = proven(Client(), order)
    stranger.post(page(order, "address/"), ADDRESS)
    assert address_of(order) == order.address1
    client.post(page(order, "address/"), ADDRESS)
    assert address_of(order) == ADDRESS["address1"]


def test_the_code_of_one_order_does_not_redirect_another(client: Client) -> None:
    mine, other = paid(ready=False).order, paid(ready=False, number="OTHER234").order
    verified(client, mine)
    proven(client, other)
    assert client.get(page(mine, "address/")).status_code == 200
    assert client.get(page(other, "address/")).status_code == 302


@pytest.mark.parametrize("question", ["prove/", "verify/"])
def test_a_mailed_code_is_refused_after_fifteen_minutes(client: Client, question: str) -> None:
    order = paid(ready=False).order
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        client.post(page(order, question), {"action": "send"})
        code = mailed_code()
        clock.shift(timedelta(minutes=15, seconds=1))
        assert client.post(page(order, question), {"code": code}).status_code == 422
        clock.shift(timedelta(seconds=-2))
        assert client.post(page(order, question), {"code": code}).status_code == 302


def test_after_two_hours_another_code_is_asked_for(client: Client) -> None:
    order = paid(ready=False).order
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        verified(client, order)
        clock.shift(timedelta(hours=2, seconds=-1))
        assert client.get(page(order, "address/")).status_code == 200
        clock.shift(timedelta(seconds=2))
        assert client.get(page(order, "address/")).status_code == 302


@pytest.mark.parametrize("is_owner", [True, False])
def test_the_owner_who_is_signed_in_needs_no_code(client: Client, *, is_owner: bool) -> None:
    user = User.objects.create_user("ana@example.com", "x")
    order = paid(ready=False, **({"user": user} if is_owner else {})).order
    client.force_login(user)
    assert client.get(page(order, "address/")).status_code == (200 if is_owner else 302)


# --- What is done on the pages -------------------------------------------------------------------------


def test_canceling_asks_once_more_and_a_second_press_is_told_the_truth(client: Client) -> None:
    order = paid(ready=False).order
    proven(client, order)
    assert "Cancel order" in text(client.get(page(order, "cancel/")))
    assert Order.objects.get(pk=order.pk).state == "paid"
    assert "Your order is canceled." in text(client.post(page(order, "cancel/"), follow=True))
    assert "canceled already" in text(client.post(page(order, "cancel/"), follow=True))


@pytest.mark.parametrize("tail", ["cancel/", "address/"])
def test_too_late_is_said_so(client: Client, tail: str) -> None:
    order = printing().order
    verified(client, order)
    assert "Printing has begun" in text(client.get(page(order, tail), follow=True))
    assert "Printing has begun" in text(client.post(page(order, tail), follow=True))


ADDRESS = {
    "name": "Ana Ruiz",
    "address1": "1501 Central St",
    "city": "Evanston",
    "region": "IL",
    "zip": "60201",
    "country": "US",
}


def test_a_corrected_address_is_checked_like_at_checkout(client: Client) -> None:
    job = created(ready=False)
    verified(client, job.order)
    where = page(job.order, "address/")
    assert job.order.address1 in client.get(where).content.decode()
    assert client.post(where, ADDRESS | {"zip": "6"}).status_code == 422
    assert "Is the address right?" in text(client.post(where, ADDRESS | {"zip": "90210"}))
    assert again(job).revision == 1
    cache.set("printify-quote-paused", True)  # Printify is silent: within the country the price is the same
    assert "goes to the new address" in text(client.post(where, ADDRESS, follow=True))
    assert "goes there already" in text(client.post(where, ADDRESS, follow=True))
    assert again(job).revision == 2


def test_a_size_is_swapped_on_the_page(client: Client) -> None:
    job = paid(ready=False)
    line = job.order.lines.get()
    medium = factories.variant(line.product, option_ids=[521, 15])
    proven(client, job.order)
    where = page(job.order, f"swap/{line.pk}/")
    assert where in client.get(page(job.order)).content.decode()
    assert "White / M" in text(client.get(where))
    assert "We make" in text(client.post(where, {"variant": medium.variant_id}, follow=True))
    assert client.post(where, {"variant": "nonsense"}).status_code == 409
    assert Fulfilment.objects.get().request["line_items"][0]["variant_id"] == medium.variant_id


def test_no_swap_is_offered_where_there_is_no_other(client: Client) -> None:
    job = paid(ready=False)
    proven(client, job.order)
    where = page(job.order, f"swap/{job.order.lines.get().pk}/")
    assert where not in client.get(page(job.order)).content.decode()
    assert "These cost the same" not in text(client.get(where))


def test_a_line_of_another_order_is_not_found(client: Client) -> None:
    mine, other = paid(ready=False).order, paid(ready=False, number="OTHER234").order
    proven(client, mine)
    assert client.get(page(mine, f"swap/{other.lines.get().pk}/")).status_code == 404


# --- Finding an order ------------------------------------------------------------------------------------


def _found(client: Client, **given: Any) -> tuple[int, str]:
    answer = client.post("/orders/find/", given)
    body = re.sub(r'value="[^"]*"', "", answer.content.decode())  # the token, and what was typed
    return answer.status_code, body


def test_a_wrong_number_and_a_wrong_address_are_answered_alike(client: Client) -> None:
    order = paid().order
    wrong_number = _found(client, number="WRONG234", email=order.email)
    wrong_email = _found(client, number=order.number, email="bob@example.com")
    neither = _found(client, number="WRONG234", email="bob@example.com")
    assert wrong_number == wrong_email == neither
    assert wrong_number[0] == 200


def test_both_wrong_answers_take_the_same_work(client: Client) -> None:
    order = paid().order
    _found(client, number="WRONG234", email="bob@example.com")
    asked = []
    for given in ({"number": "WRONG234", "email": order.email}, {"number": order.number, "email": "bob@example.com"}):
        with CaptureQueriesContext(connection) as queries:
            _found(client, **given)
        asked.append([re.sub(r"'[^']*'", "?", query["sql"]) for query in queries])
    assert asked[0] == asked[1]


def test_both_wrong_answers_count_and_compare_alike(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting asks Redis: who counted for known numbers only would tell by the time it takes which ones there are."""
    order = paid().order
    done: list[str] = []

    def counted(_limit: object, what: str, *_key: str) -> bool:
        done.append(f"count {what}")
        return True

    def compared(_one: str, _other: str) -> bool:
        done.append("compare")
        return False

    monkeypatch.setattr(limits, "hit", counted)
    monkeypatch.setattr(access, "constant_time_compare", compared)
    _found(client, number="WRONG234", email=order.email)
    wrong_number, done[:] = list(done), []
    _found(client, number=order.number, email="bob@example.com")
    assert wrong_number == done == ["count order_find", *["count order email"] * 2, "compare"]


def test_finding_is_limited(client: Client) -> None:
    answers = [_found(client, number="WRONG234", email="bob@example.com")[0] for _ in range(11)]
    assert answers == [200] * 10 + [429]
