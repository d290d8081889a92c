"""A mail on its whole way: over HTTP to a stand-in of SendGrid, and what became of it back by a signed webhook."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from ilytat.devserver import processes
from ilytat.integrations import jobs
from ilytat.integrations.models import InboundEvent
from notifications import outbox
from tests.notifications.conftest import Queue
from tests.ports import free_port
from tests.stand_in import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sandbox_of_the_live_shop(live_server: LiveServer, settings: Settings, tmp_path: Path) -> Iterator[Sandbox]:
    port = free_port()
    url = f"http://{processes.HOST}:{port}"
    own = {"SANDBOX_URL": url, "SHOP_URL": live_server.url, "SANDBOX_STORE": str(tmp_path / "store.sqlite3")}
    env = {**os.environ, **own, "EMAIL_API_KEY": settings.EMAIL_API_KEY, "SANDBOX_CATALOGUE": "none"}
    process = processes.Process("sandbox", processes.sandbox_server(port), env, tmp_path / "sandbox.log")
    try:
        processes.wait_for_port(process, port)
        _point_at(url, settings)
        yield Sandbox(url)
    finally:
        process.end()


def _point_at(url: str, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "notifications.delivery.EmailBackend"
    settings.ANYMAIL = {**settings.ANYMAIL, "SENDGRID_API_URL": f"{url}/sendgrid/v3/"}
    answer = requests.get(
        f"{url}/sendgrid/v3/user/webhooks/event/settings/signed",
        headers={"Authorization": f"Bearer {settings.EMAIL_API_KEY}"},
        timeout=60,
    )
    settings.SENDGRID_WEBHOOK_PUBLIC_KEY = answer.json()["public_key"]


def _wait_for_event() -> None:
    deadline = time.monotonic() + 60
    while not InboundEvent.objects.exists():
        assert time.monotonic() < deadline, "no webhook came"
        time.sleep(0.1)


def test_a_mail_arrives_with_its_names_and_its_bounce_comes_back(
    sandbox_of_the_live_shop: Sandbox, queued: Queue
) -> None:
    row = queued()
    jobs.work_due("mail")
    [mail] = sandbox_of_the_live_shop.state()["mails"]
    assert mail["categories"] == ["order_confirmed"]
    assert mail["subject"] == "Order IL-10482 is confirmed"
    sandbox_of_the_live_shop.post(f"/control/sendgrid/mails/{mail['id']}/bounce")
    _wait_for_event()
    jobs.work_due("inbox")
    row.refresh_from_db()
    assert row.fate == "bounced"
    assert outbox.suppressed("ada@example.com")
