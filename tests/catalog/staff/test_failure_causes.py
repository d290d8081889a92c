"""Why a product could not be used, in words for staff: each reason the shop writes down has a cause and a way out."""

import pytest

from catalog.staff.failure_causes import CAUSES, UNKNOWN, cause


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ("title is missing", "No title"),
        ("enabled variant 12001 has no usable price: 'a lot'", "No price"),
        ("variant 12001 is listed more than once", "Listed twice"),
        ("variants are missing", "Incomplete"),
        ("not an object with a product id", "Incomplete"),
        ("/v1/shops/1/products/x.json: too many requests 429", "Too many calls"),
        ("Printify: the sync lane has used up its calls for now", "Too many calls"),
        ("/v1/shops/1/products/x.json: 401", "No permission"),
        ("GET /v1/shops/1/products/x.json: 503", "Printify did not answer"),
        ("GET /v1/shops/1/products/x.json: ReadTimeout", "Printify did not answer"),
        ("nested too deeply", "Unreadable"),
    ],
)
def test_each_reason_has_its_cause(error: str, name: str) -> None:
    found = cause(error)
    assert found is not None
    assert (str(found.name), bool(found.means), bool(found.fix)) == (name, True, True)


def test_where_nothing_went_wrong_there_is_no_cause() -> None:
    assert cause("") is None


@pytest.mark.parametrize("error", ["KeyError: 'x'", "AssertionError: ", "something nobody foresaw"])
def test_what_nobody_foresaw_says_so(error: str) -> None:
    assert cause(error) is UNKNOWN


def test_no_cause_is_named_twice() -> None:
    names = [str(found.name) for _pattern, found in CAUSES]
    assert len(names) == len(set(names))
