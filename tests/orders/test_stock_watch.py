"""Waiting for what is sold out: asked once, told once, and nobody is written to who did not say so (H18, J4)."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from catalog.models import PrintifyCache, Variant
from ilytat.integrations import jobs, privacy
from notifications import consent
from notifications.models import Consent, OutgoingEmail
from orders import back_in_stock
from orders.models import StockWatch
from tests import factories

pytestmark = pytest.mark.django_db
ADA = "ada@example.com"
WORDS = "One mail when it can be ordered again, and no other. You confirm by a link."


@pytest.fixture
def sold_out() -> Variant:
    variant = factories.variant(is_available=False)
    PrintifyCache.objects.create(
        type="product",
        external_id=variant.product.printify_id,
        data={},
        hash="",
        fetched_at=timezone.now(),
        expires_at=timezone.now() + timedelta(hours=1),
    )
    return variant


def restock() -> None:
    Variant.objects.update(is_available=True)


def ask(client: Client, variant: Variant, email: str = ADA) -> Any:
    return client.post(f"/back-in-stock/{variant.product_id}/", {"variant": variant.variant_id, "email": email})


def questions(email: str = ADA) -> int:
    return OutgoingEmail.objects.filter(kind="confirm_stock", to=email).count()


def news() -> list[OutgoingEmail]:
    return list(OutgoingEmail.objects.filter(kind="back_in_stock"))


def mailed_path() -> str:
    mail = OutgoingEmail.objects.filter(kind="confirm_stock").latest("pk")
    return str(mail.context["url"]).removeprefix("http://testserver")


def waiting(client: Client, variant: Variant) -> StockWatch:
    ask(client, variant)
    client.post(mailed_path())
    return StockWatch.objects.get()


def test_one_mail_comes_when_it_is_back_and_never_a_second(client: Client, sold_out: Variant) -> None:
    waiting(client, sold_out)
    back_in_stock.notify_watchers()
    assert news() == []
    restock()
    for _ in range(3):
        back_in_stock.notify_watchers()
    [mail] = news()
    assert (mail.to, mail.context["amount"], mail.context["label"]) == (ADA, "$24.99", "White / S")
    assert mail.context["url"].endswith(f"{sold_out.product.get_absolute_url()}?variant={sold_out.variant_id}")
    jobs.work_due("bulk mail")
    mail.refresh_from_db()
    assert mail.state == "sent"
    assert "/newsletter/leave/" in mail.text


def test_a_stranger_who_types_an_address_causes_one_question_and_nothing_else(
    client: Client, sold_out: Variant
) -> None:
    for _ in range(3):
        assert ask(client, sold_out, "Ada@Example.com").status_code == 200
    assert questions() == 1
    assert client.get(mailed_path()).status_code == 200, "mail programs open links by themselves"
    restock()
    back_in_stock.notify_watchers()
    assert news() == []


def test_an_address_is_asked_three_times_a_day_at_most(client: Client, sold_out: Variant) -> None:
    for _ in range(4):
        ask(client, factories.variant(sold_out.product, is_available=False))
    assert questions() == back_in_stock.DAILY


def test_one_browser_asks_five_times_a_minute_at_most(client: Client, sold_out: Variant) -> None:
    answers = [ask(client, sold_out, f"{n}@example.com").status_code for n in range(6)]
    assert answers == [200] * 5 + [429]


def test_who_is_signed_in_with_the_address_is_not_asked_again(client: Client, sold_out: Variant) -> None:
    client.force_login(get_user_model().objects.create_user(email=ADA))
    assert "We tell you when it is back" in ask(client, sold_out).content.decode()
    assert (questions(), StockWatch.objects.get().state) == (0, "waiting")
    ask(client, sold_out, "eve@example.com")
    assert questions("eve@example.com") == 1, "another address proves nothing"


def test_the_consent_says_when_where_and_to_which_words(client: Client, sold_out: Variant) -> None:
    waiting(client, sold_out)
    said = [(row.act, row.topics, row.where, row.wording) for row in Consent.objects.order_by("pk")]
    assert said == [("asked", "stock", "product page", WORDS), ("confirmed", "stock", "link in the mail", WORDS)]
    assert WORDS in client.get(f"/back-in-stock/{sold_out.product_id}/").content.decode()
    assert not consent.may_write(ADA, "news")


def test_who_left_meanwhile_hears_nothing(client: Client, sold_out: Variant) -> None:
    waiting(client, sold_out)
    reader = consent.of(ADA)
    assert reader
    client.post(f"/newsletter/leave/{consent.token(reader)}/")
    restock()
    back_in_stock.notify_watchers()
    jobs.work_due("bulk mail")
    assert [mail.state for mail in news()] == ["unwanted"]


def test_who_was_told_may_ask_for_the_next_time(client: Client, sold_out: Variant) -> None:
    waiting(client, sold_out)
    restock()
    back_in_stock.notify_watchers()
    Variant.objects.update(is_available=False)
    waiting(client, sold_out)
    assert questions() == 2
    restock()
    back_in_stock.notify_watchers()
    assert len(news()) == 2


def test_what_is_known_too_long_ago_is_not_called_back(client: Client, sold_out: Variant) -> None:
    waiting(client, sold_out)
    restock()
    PrintifyCache.objects.update(expires_at=timezone.now() - timedelta(days=9))
    back_in_stock.notify_watchers()
    assert news() == []


def test_what_is_not_sold_out_cannot_be_waited_for(client: Client, sold_out: Variant) -> None:
    other = factories.variant(sold_out.product)
    answer = ask(client, other)
    assert answer.status_code == 422
    assert "Please choose one that is sold out" in answer.content.decode()
    assert ask(client, sold_out, "ada@").status_code == 422
    restock()
    assert client.get(f"/back-in-stock/{sold_out.product_id}/")["Location"] == sold_out.product.get_absolute_url()
    assert not StockWatch.objects.exists()


@pytest.mark.parametrize("number", ["x", "9" * 40, "0"])
def test_hostile_numbers_are_told_beside_the_field(client: Client, sold_out: Variant, number: str) -> None:
    given = {"variant": number, "email": ADA}
    assert client.post(f"/back-in-stock/{sold_out.product_id}/", given).status_code == 422


def test_hidden_products_have_no_such_page(client: Client, sold_out: Variant) -> None:
    type(sold_out.product).objects.update(hidden=True)
    assert ask(client, sold_out).status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_forged_link_does_nothing(client: Client, method: str) -> None:
    assert getattr(client, method)("/back-in-stock/yes/forged/").status_code == 410


def test_a_link_pressed_twice_agrees_once(client: Client, sold_out: Variant) -> None:
    waiting(client, sold_out)
    assert client.post(mailed_path()).status_code == 200
    assert Consent.objects.filter(act="confirmed").count() == 1


def test_the_product_page_offers_it_for_what_is_sold_out_only(client: Client, sold_out: Variant) -> None:
    page = client.get(f"{sold_out.product.get_absolute_url()}?variant={sold_out.variant_id}").content.decode()
    assert re.search(r'<details class="tell-me" open>', page)
    assert f'action="/back-in-stock/{sold_out.product_id}/"' in page
    restock()
    assert "tell-me__form" not in client.get(sold_out.product.get_absolute_url()).content.decode()


def test_where_only_others_are_sold_out_they_are_listed_and_folded(client: Client, sold_out: Variant) -> None:
    factories.variant(sold_out.product, option_ids=[418, 15])
    factories.variant(sold_out.product, option_ids=[418, 14], is_available=False)
    page = client.get(f"{sold_out.product.get_absolute_url()}?color=418&size=15").content.decode()
    assert '<details class="tell-me">' in page
    assert re.findall(r">(\w+ / \w)</option>", page) == ["White / S", "Black / S"]


def test_questions_and_news_are_forgotten_in_time(client: Client, sold_out: Variant) -> None:
    mine = waiting(client, sold_out)
    for days, state, left in ((29, "told", 1), (31, "waiting", 1), (366, "waiting", 0)):
        then = timezone.now() - timedelta(days=days)
        StockWatch.objects.update(state=state, asked_at=then, told_at=then)
        back_in_stock.delete_old()
        assert StockWatch.objects.filter(pk=mine.pk).count() == left


@pytest.mark.parametrize("state", ["asked", "told"])
def test_after_a_month_nothing_is_left_of_a_question_or_an_answer(sold_out: Variant, state: str) -> None:
    then = timezone.now() - timedelta(days=31)
    StockWatch.objects.create(variant=sold_out, email=ADA, state=state, asked_at=then, told_at=then)
    back_in_stock.delete_old()
    assert not StockWatch.objects.exists()


def test_it_is_told_in_the_export_and_gone_after_erasure(client: Client, sold_out: Variant) -> None:
    waiting(client, sold_out)
    [row] = privacy.export(ADA)["back in stock"]
    assert row["waits_for"] == str(sold_out)
    privacy.erase(ADA)
    assert not StockWatch.objects.exists()
    restock()
    back_in_stock.notify_watchers()
    assert news() == []


def test_staff_see_what_is_waited_for_and_change_nothing(
    admin_client: Client, client: Client, sold_out: Variant
) -> None:
    mine = waiting(client, sold_out)
    assert ADA in admin_client.get("/admin/orders/stockwatch/?q=ada").content.decode()
    assert admin_client.get("/admin/orders/stockwatch/add/").status_code == 403
    assert 'name="_save"' not in admin_client.get(f"/admin/orders/stockwatch/{mine.pk}/change/").content.decode()


def choices_path(email: str = ADA) -> str:
    return f"/newsletter/choices/{consent.token(consent.known(email, 'en'))}/"


def test_what_somebody_waits_for_stands_on_their_page_of_choices(client: Client, sold_out: Variant) -> None:
    ask(client, sold_out)
    consent.agree(ADA, ["news"], language="en", where="test", wording="words")
    assert "What you wait for" not in client.get(choices_path()).content.decode(), "not confirmed yet"
    back_in_stock.confirm(StockWatch.objects.get())
    page = client.get(choices_path()).content.decode()
    link = f"{sold_out.product.get_absolute_url()}?variant={sold_out.variant_id}"
    assert f'<a href="{link}">{sold_out.product.title}</a>' in page
    assert sold_out.label in page
    assert "One mail comes when it can be ordered again." in page
    client.post(choices_path(), {"news": "on", "language": "en"})
    assert "switched off above" in client.get(choices_path()).content.decode()


def test_one_wait_is_stopped_and_the_others_go_on(client: Client, sold_out: Variant) -> None:
    stopped = waiting(client, sold_out)
    other = factories.variant(sold_out.product, is_available=False)
    kept = StockWatch.objects.create(variant=other, email=ADA, state="waiting")
    before = consent.of(ADA)
    for _ in range(2):
        page = client.post(choices_path(), {"stop": str(stopped.pk)}, follow=True).content.decode()
    assert f'value="{kept.pk}"' in page
    assert list(StockWatch.objects.all()) == [kept]
    after = consent.of(ADA)
    assert before
    assert after
    assert (after.stock, after.left_at) == (before.stock, before.left_at)


@pytest.mark.parametrize("key", ["", "0", "x", "-1", "9" * 40, "²"])
def test_nobody_stops_what_is_not_theirs(client: Client, sold_out: Variant, key: str) -> None:
    watch = waiting(client, sold_out)
    consent.agree("eve@example.com", ["news"], language="en", where="test", wording="words")
    for posted in (key, str(watch.pk)):
        assert client.post(choices_path("eve@example.com"), {"stop": posted}).status_code == 302
    assert StockWatch.objects.filter(pk=watch.pk).exists()
