"""Minor units become what people read: each currency with its own exponent, each language in its own order."""

from decimal import Decimal

import pytest
from django.utils import translation

from ilytat.pages.money import exponent, format_money, major, minor


@pytest.mark.parametrize(
    ("currency", "places", "amount"),
    [
        ("USD", 2, "12.34"),
        ("usd", 2, "12.34"),
        ("JPY", 0, "1234"),
        ("jpy", 0, "1234"),
        ("KWD", 3, "1.234"),
        ("ISK", 2, "12.34"),
        ("UGX", 2, "12.34"),
    ],
)
def test_each_currency_has_the_places_that_stripe_gives_it(currency: str, places: int, amount: str) -> None:
    assert exponent(currency) == places
    assert major(1234, currency) == Decimal(amount)
    assert minor(Decimal(amount), currency) == 1234


@pytest.mark.parametrize(
    ("amount", "currency", "language", "written"),
    [
        (1234, "USD", "en", "$12.34"),
        (-5, "USD", "en", "-$0.05"),
        (123456, "eur", "fr", "1\N{NARROW NO-BREAK SPACE}234,56\N{NO-BREAK SPACE}€"),
        (1234, "EUR", "es", "12,34\N{NO-BREAK SPACE}€"),
        (1234, "JPY", "en", "¥1,234"),
    ],
)
def test_money_is_written_as_the_reader_does(amount: int, currency: str, language: str, written: str) -> None:
    assert format_money(amount, currency, language) == written


def test_without_a_language_it_is_the_pages_and_without_a_page_english() -> None:
    with translation.override("es"):
        assert format_money(1234, "EUR") == format_money(1234, "EUR", "es")
        assert format_money(1234, "EUR", "en") == "€12.34"
    with translation.override(None):
        assert format_money(1234, "EUR") == "€12.34"
