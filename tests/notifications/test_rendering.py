import html
import re

import pytest
from django.template import Engine
from pytest_django import DjangoAssertNumQueries

from notifications import rendering
from notifications.email_types import KINDS
from notifications.models import Brand
from notifications.samples import NUMBER, sample

pytestmark = pytest.mark.django_db

ALL = list(KINDS)
TEMPLATE_LEFTOVERS = re.compile(r"{{|}}|{%|%}|MISSING|\bNone\b")


@pytest.fixture(autouse=True)
def _loud_about_missing_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that a template asks for and a context does not have shows itself."""
    monkeypatch.setattr(Engine.get_default(), "string_if_invalid", "MISSING(%s)")


@pytest.mark.parametrize("kind", ALL)
def test_every_kind_is_written_completely_in_both_shapes(kind: str) -> None:
    mail = rendering.render(kind, "en", sample(kind))
    for part in (mail.subject, mail.text, mail.html):
        assert part.strip()
        assert not TEMPLATE_LEFTOVERS.search(part), part
    assert "\n" not in mail.subject


@pytest.mark.parametrize("kind", ALL)
def test_every_kind_is_written_with_empty_optional_values(kind: str) -> None:
    context = {key: _emptied(value) for key, value in sample(kind).items()}
    mail = rendering.render(kind, "en", context | _needed(kind))
    assert not TEMPLATE_LEFTOVERS.search(mail.subject + mail.text + mail.html)


def _emptied(value: object) -> object:
    if isinstance(value, str):
        return ""
    if isinstance(value, dict):
        return {key: _emptied(inner) for key, inner in value.items()}
    return [] if isinstance(value, list) else value


def _needed(kind: str) -> dict[str, object]:
    """What is never empty, says the kind's contract."""
    names = ("number", "url", "message", "at", "first_at", "received_at", "email", "by", "minutes")
    return {name: value for name, value in sample(kind).items() if name in names}


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS.values() if kind.audience == "buyer"])
def test_a_buyers_mail_names_the_order_in_its_subject_and_links_to_it(kind: str) -> None:
    mail = rendering.render(kind, "en", sample(kind))
    assert NUMBER in mail.subject
    assert sample(kind)["url"] in mail.text
    assert sample(kind)["url"] in mail.html


@pytest.mark.parametrize("kind", ALL)
def test_no_mail_asks_the_network_for_anything_but_pictures(kind: str) -> None:
    mail = rendering.render(kind, "en", sample(kind))
    for forbidden in ("<script", "<link", "@import", "url(", "<form", "<iframe"):
        assert forbidden not in mail.html


def test_styles_are_copied_into_the_tags_and_kept_for_dark_mode_and_phones() -> None:
    mail = rendering.render("shipped", "en", sample("shipped"))
    button = re.search(r'<a class="button"[^>]*>', mail.html)
    assert button
    assert "background-color: #5c6a5c" in button[0]
    assert "prefers-color-scheme: dark" in mail.html
    assert "max-width: 600px" in mail.html


def test_what_people_typed_is_escaped_in_html_and_plain_in_text() -> None:
    context = sample("order_confirmed") | {"name": "<b>Bob</b> & Co"}
    mail = rendering.render("order_confirmed", "en", context)
    assert "<b>Bob</b>" not in mail.html
    assert html.escape("<b>Bob</b> & Co") in mail.html
    assert "<b>Bob</b> & Co" in mail.text


def test_a_subject_stays_one_line_whatever_is_in_it() -> None:
    context = sample("staff_alert") | {"message": "first\r\nBcc: all@example.com"}
    assert rendering.render("staff_alert", "en", context).subject == "Alert: first Bcc: all@example.com"


def test_the_brand_row_dresses_the_mail() -> None:
    Brand.objects.create(legal_name="Sample Prints Ltd", address="1 Long Road", tagline="Made for you.")
    mail = rendering.render("delivered", "en", sample("delivered"))
    for part in (mail.text, mail.html):
        assert "Sample Prints Ltd" in part
        assert "1 Long Road" in part
        assert "Made for you." in part


def test_moments_are_written_in_the_shops_time_and_days_as_they_are() -> None:
    mail = rendering.render("order_confirmed", "en", sample("order_confirmed"))
    text = mail.text.replace("\u202f", " ")
    assert "Until Tue, Nov 3, 4:12 PM CST" in text
    assert "between Tue, Nov 10 and Mon, Nov 16" in text


def test_one_possible_day_of_arrival_is_not_written_as_a_window() -> None:
    context = sample("shipped") | {"arrives_from": "2026-11-16"}
    assert "It arrives on Mon, Nov 16." in rendering.render("shipped", "en", context).text


def test_the_brand_is_read_once_and_again_when_it_changes(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    brand = Brand.objects.create(tagline="Old words.")
    rendering.render("welcome", "en", sample("welcome"))
    with django_assert_num_queries(0):
        assert "Old words." in rendering.render("welcome", "en", sample("welcome")).text
    brand.tagline = "New words."
    brand.save()
    assert "New words." in rendering.render("welcome", "en", sample("welcome")).text


def test_a_shop_without_a_brand_row_says_what_the_owner_told() -> None:
    html = rendering.render("delivered", "en", sample("delivered")).html
    for words in ("ILYTAT LLC", "2045 W Grand Ave STE B", "TikTok", "Monday to Friday"):
        assert words in html


def test_another_name_of_the_shop_stands_in_the_masthead() -> None:
    Brand.objects.create(name="Kind Words & Co", legal_lines="VAT DE123")
    html = rendering.render("delivered", "en", sample("delivered")).html
    assert ">KIND<" in html.upper()
    assert "WORDS &amp; CO" in html
    assert "VAT DE123" in html
    assert ">ILYTAT<" not in html


@pytest.mark.parametrize(
    ("number", "count", "words"),
    [
        (1, 3, "1 of 3 packages has arrived. The rest are still on their way."),
        (2, 3, "2 of 3 packages have arrived. The rest are still on their way."),
        (1, 0, "The rest of your order comes separately."),
    ],
)
def test_the_delivered_email_of_a_part_says_that_the_rest_follows(number: int, count: int, words: str) -> None:
    part = rendering.render("delivered", "en", sample("delivered") | {"parcel_number": number, "parcel_count": count})
    assert words in part.text
    assert words in part.html
    whole = rendering.render("delivered", "en", sample("delivered") | {"parcel_number": 3, "parcel_count": 3})
    assert "rest" not in whole.text
