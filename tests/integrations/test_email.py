# ruff: noqa: RUF001 (look-alike letters are what this is about)
"""One form of an address. Two addresses are one person's only when that form is the same, character by character."""

import pytest
from django.core.exceptions import ValidationError

from ilytat.integrations.email import EmailFormField, normalize_email, normalized_or_blank


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Buyer@Mail.COM ", "buyer@mail.com"),
        ("ｂｕｙｅｒ＠mail.com", "buyer@mail.com"),
        ("buyer@ſmail.com", "buyer@smail.com"),
        ("buyer@Bücher.example", "buyer@xn--bcher-kva.example"),
        ("buyer@maıl.com", "buyer@xn--mal-kua.com"),
        ("buyer+tag@mail.com", "buyer+tag@mail.com"),
    ],
)
def test_an_address_is_stored_in_one_form(typed: str, stored: str) -> None:
    assert normalize_email(typed) == stored
    assert normalize_email(stored) == stored


@pytest.mark.parametrize("neighbor", ["buyer@maıl.com", "buyer@maİl.com", "abuyer@mail.com", "buyer@mail.com.example"])
def test_a_look_alike_is_another_address(neighbor: str) -> None:
    assert normalize_email(neighbor) != "buyer@mail.com"


@pytest.mark.parametrize(
    "typed",
    [
        "büyer@mail.com",
        "buyerı@mail.com",
        "İ@mail.com",
        "buyer",
        "buyer@",
        "@mail.com",
        "a b@mail.com",
        "buyer@ma\u200b-.com",
        "buyer@mail.com\nbcc: x@y.com",
        f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.com",
        "buyer@\ud800.com",
        '"buyer"@mail.com',
        '"buyer@other.com"@mail.com',
        "＂buyer＂@mail.com",
        "",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        normalize_email(typed)
    assert not normalized_or_blank(typed)


def test_a_form_says_what_is_wrong_and_keeps_the_normalized_address() -> None:
    field = EmailFormField()
    assert field.clean(" Buyer@Mail.com ") == "buyer@mail.com"
    with pytest.raises(ValidationError, match="before the @"):
        field.clean("büyer@mail.com")
    with pytest.raises(ValidationError, match="Enter a valid email address"):
        field.clean('"buyer"@mail.com')
