"""The control panel says how shipping is priced while Printify does not answer."""

from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from catalog import freshness, shipping_rates, shipping_surcharge
from catalog.models import PrintifyCache
from catalog.staff import rate_card, status
from ilytat.integrations.models import HealthResult
from tests import factories

pytestmark = pytest.mark.django_db
RATES = {1: {"standard": {"US": [475, 240]}}}


def test_the_panel_names_the_oldest_card_and_the_surcharge(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-11-23T10:30:00Z", tick=False)
    factories.rate_card(factories.product(print_provider_id=1), RATES)
    time_machine.shift(timedelta(days=1))
    factories.rate_card(factories.product(print_provider_id=2), RATES)
    HealthResult.objects.create(name="printify", state="down", detail="503", checked_at=timezone.now())
    expected = "Shipping is quoted from the rate card of 2026-11-23 04:30 CST, plus 10 %."
    assert status.status().reason == f"Printify is not answering (503). {expected}"


def test_products_that_no_card_covers_are_counted() -> None:
    factories.rate_card(factories.product(print_provider_id=1), RATES)
    factories.product(print_provider_id=2)
    factories.product(print_provider_id=2)
    assert rate_card.notice().endswith("Nothing can be quoted for 2 products.")


def test_with_estimates_off_or_cards_too_old_nothing_can_be_quoted() -> None:
    factories.rate_card(factories.product(), RATES)
    shipping_surcharge.choose(is_on=False, percent=10, fixed=0, by=None)
    assert rate_card.notice() == "Nothing can be quoted for 1 product."
    shipping_surcharge.choose(is_on=True, percent=10, fixed=0, by=None)
    PrintifyCache.objects.update(fetched_at=timezone.now() - freshness.limit() - shipping_rates.KEEP)
    assert rate_card.notice() == "Nothing can be quoted for 1 product."
