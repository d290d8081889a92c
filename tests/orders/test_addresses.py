"""What a printer needs of an address, and what is only doubted."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.addresses import Address, doubts, for_printify, problems, tidy

CHICAGO = Address("Ana Ruiz", "233 S Wacker Dr", "", "Chicago", "IL", "60606", "US")
OTTAWA = Address("Bo Roy", "80 Wellington St", "", "Ottawa", "ON", "K1A 0A2", "CA")


@pytest.mark.parametrize("address", [CHICAGO, OTTAWA, replace(CHICAGO, zip="60606-1234")])
def test_a_good_address_has_neither_problems_nor_doubts(address: Address) -> None:
    assert (problems(address), doubts(address)) == ({}, [])


@pytest.mark.parametrize(
    ("address", "field"),
    [
        (replace(CHICAGO, region=""), "region"),
        (replace(CHICAGO, region="ON"), "region"),
        (replace(OTTAWA, region="NY"), "region"),
        (replace(CHICAGO, zip=""), "zip"),
        (replace(CHICAGO, zip="6060"), "zip"),
        (replace(CHICAGO, zip="606061"), "zip"),
        (replace(CHICAGO, zip="K1A 0A2"), "zip"),
        (replace(CHICAGO, zip="٦٠٦٠٦"), "zip"),
        (replace(OTTAWA, zip="D1A 0A2"), "zip"),
        (replace(OTTAWA, zip="60606"), "zip"),
        (replace(CHICAGO, name="Ana"), "name"),
        (replace(CHICAGO, name=""), "name"),
        (Address("Jo Smit", "Kade 1", "", "Delft", "", "", "NL"), "zip"),
    ],
)
def test_what_a_printer_cannot_work_with_is_said_where_it_is(address: Address, field: str) -> None:
    assert list(problems(address)) == [field]


def test_a_country_without_known_shapes_needs_only_a_code() -> None:
    assert problems(Address("Jo Smit", "Kade 1", "", "Delft", "", "2611 AA", "NL")) == {}


@pytest.mark.parametrize("written", ["k1a0a2", "K1A-0A2", " k1a  0a2 "])
def test_a_canadian_code_is_written_as_the_post_does(written: str) -> None:
    assert tidy(replace(OTTAWA, zip=written)).zip == "K1A 0A2"


def test_spaces_and_capitals_are_tidied_and_no_word_is_changed() -> None:
    rough = replace(CHICAGO, name="  Ana\u00a0 de la  Cruz ", region="il", address1="233  S\tWacker", city=" Chicago ")
    clean = tidy(rough)
    assert (clean.name, clean.region, clean.address1, clean.city) == ("Ana de la Cruz", "IL", "233 S Wacker", "Chicago")
    assert tidy(clean) == clean


@pytest.mark.parametrize(
    ("address", "word"),
    [
        (replace(CHICAGO, zip="90210"), "90210"),
        (replace(OTTAWA, zip="V6B 1A1"), "V6B 1A1"),
        (replace(CHICAGO, address1="Wacker Drive"), "house number"),
    ],
)
def test_what_is_probably_wrong_is_asked_not_refused(address: Address, word: str) -> None:
    assert problems(address) == {}
    [doubt] = doubts(address)
    assert word in doubt


def test_a_number_in_the_second_line_counts() -> None:
    assert doubts(replace(CHICAGO, address1="Wacker Drive", address2="Apt 4")) == []


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Ana Ruiz", "Ana", "Ruiz"),
        ("Ana de la Cruz", "Ana de la", "Cruz"),
        ("Prince", "Prince", "Prince"),
        (" Ana  Ruiz ", "Ana", "Ruiz"),
        ("Ana ", "Ana", "Ana"),
    ],
)
def test_one_name_becomes_two(name: str, first: str, last: str) -> None:
    sent = for_printify(replace(CHICAGO, name=name), "ana@example.com")
    assert (sent["first_name"], sent["last_name"]) == (first, last)


@given(st.text(min_size=1, max_size=40).filter(lambda name: bool(name.strip())))
def test_no_name_leaves_either_half_empty(name: str) -> None:
    sent = for_printify(replace(CHICAGO, name=name), "ana@example.com")
    assert sent["first_name"].strip()
    assert sent["last_name"].strip()


def test_nothing_is_sent_that_the_printer_does_not_need() -> None:
    assert for_printify(CHICAGO, "ana@example.com") == {
        "first_name": "Ana",
        "last_name": "Ruiz",
        "email": "ana@example.com",
        "phone": "",
        "country": "US",
        "region": "IL",
        "address1": "233 S Wacker Dr",
        "address2": "",
        "city": "Chicago",
        "zip": "60606",
    }


def test_a_doubt_names_the_state_and_not_its_code() -> None:
    told = doubts(Address("Ana Ruiz", "233 S Wacker Dr", "", "Chicago", "IL", "90210", "US"))
    assert told == ["The postal code 90210 is not one of Illinois."]
