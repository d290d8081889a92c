"""The mailed link to a person's data opens for a day, and only for whoever has it as it was mailed."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import signing
from django.test import Client

from ilytat.accounts import privacy
from notifications.models import OutgoingEmail
from orders.models import Order
from tests import factories

pytestmark = pytest.mark.django_db

EMAIL = "ana@example.com"
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def mailed_link() -> str:
    """The address in a mail that was written this moment."""
    factories.paid_order(email=EMAIL)
    OutgoingEmail.objects.create(kind=privacy.LINK_KIND, dedupe_key=f"{privacy.LINK_KIND}:name", to=EMAIL)
    return f"/accounts/privacy/link/{privacy.link_token('name')}/"


def answers(client: Client, link: str) -> list[int]:
    """To looking, to downloading, and to deleting without the tick that it needs."""
    return [
        client.get(link).status_code,
        client.post(link, {"action": "export"}).status_code,
        client.post(link, {"action": "erase"}).status_code,
    ]


def test_the_privacy_link_opens_for_twenty_four_hours_and_no_longer(client: Client) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        link = mailed_link()
        clock.shift(24 * HOUR - SECOND)
        assert answers(client, link) == [200, 200, 422]
        clock.shift(2 * SECOND)
        assert answers(client, link) == [410, 410, 410]
        client.post(link, {"action": "erase", "sure": "on"})
        assert Order.objects.get().email == EMAIL, "nothing was erased"


def test_a_link_signed_for_another_purpose_is_refused(client: Client) -> None:
    mailed_link()
    for token in (signing.dumps("name", salt="newsletter"), signing.dumps("name")):
        assert client.get(f"/accounts/privacy/link/{token}/").status_code == 410
