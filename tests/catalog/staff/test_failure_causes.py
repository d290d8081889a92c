"""What staff read of each code by which the shop records why a product could not be used."""

import pytest

from catalog.printify.errors import FailureCode
from catalog.staff.problems import CAUSES, cause


@pytest.mark.parametrize("code", FailureCode.values)
def test_each_code_has_a_name_a_meaning_and_a_way_out(code: str) -> None:
    found = cause(code)
    assert found is not None
    assert all((found.name, found.means, found.fix))


def test_where_nothing_went_wrong_there_is_no_cause() -> None:
    assert cause("") is None


def test_no_cause_is_named_twice() -> None:
    names = [str(found.name) for found in CAUSES.values()]
    assert len(names) == len(set(names))
