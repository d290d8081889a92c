"""The providers over `responses`, as the tests of orders and payments have them; and the shop at the real sandbox."""

import pytest

from tests.orders.conftest import Upstream
from tests.payments.conftest import Till, at_sandbox, till

__all__ = ["at_sandbox", "till"]


@pytest.fixture
def upstream(till: Till) -> Upstream:
    return Upstream(till.mock)
