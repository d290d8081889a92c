"""The providers over `responses`, as the tests of orders and payments have them; and the shop at the real sandbox."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from catalog import printify
from payments import gateway
from tests.orders.conftest import Upstream
from tests.payments.conftest import Till, till
from tests.stack import KEYS
from tests.stand_in import Sandbox

__all__ = ["till"]


@pytest.fixture
def upstream(till: Till) -> Upstream:
    return Upstream(till.mock)


@pytest.fixture
def at_sandbox(sandbox: Sandbox, settings: Settings) -> Iterator[Sandbox]:
    """The shop's own clients speak to the sandbox's process over HTTP."""
    sandbox.clear()
    settings.PRINTIFY_API_BASE = f"{sandbox.url}/printify"
    settings.STRIPE_API_BASE = f"{sandbox.url}/stripe"
    settings.PRINTIFY_PRINTS_FOR_REAL = False
    for name in ("PRINTIFY_API_KEY", "PRINTIFY_SHOP_ID", "STRIPE_SECRET_KEY"):
        setattr(settings, name, KEYS[name])
    _forget_clients()
    yield sandbox
    _forget_clients()


def _forget_clients() -> None:
    printify.client.cache_clear()
    gateway._client.cache_clear()
