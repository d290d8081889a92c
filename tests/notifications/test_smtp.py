"""Mail by EMAIL_URL, handed to a real server over a real socket: what arrives, and what its refusals mean."""

import email
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pytest_django.fixtures import Settings

from ilytat import settings_checks
from ilytat.integrations import jobs
from notifications import consent, outbox
from notifications.samples import sample
from tests.notifications.conftest import Queue

pytestmark = pytest.mark.django_db


class Postbox:
    """Takes what comes, unless `says` is something else than yes."""

    def __init__(self) -> None:
        self.says = "250 OK"
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 (the library's name)
        if self.says.startswith("250"):
            message = email.message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            self.mails.append(message)
        return self.says


@pytest.fixture
def postbox(settings: Settings) -> Iterator[Postbox]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    box = Postbox()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    env = settings_checks.Env()
    env.ENVIRON = {"EMAIL_URL": f"smtp://127.0.0.1:{port}"}
    for name, value in env.email_url("EMAIL_URL").items():
        setattr(settings, name, value)
    yield box
    server.stop()


def test_a_mail_arrives_in_both_shapes_with_its_headers(postbox: Postbox, queued: Queue) -> None:
    row = queued(language="es")
    jobs.work_due("mail")
    row.refresh_from_db()
    assert row.state == "sent", row.last_error
    [mail] = postbox.mails
    assert mail["Subject"] == "El pedido IL-10482 está confirmado"
    assert mail["Message-ID"] == outbox.message_id(row.dedupe_key)
    assert mail["Reply-To"] == "support@ilytat.com"
    shapes = {
        part.get_content_type(): part.get_content() for part in mail.iter_parts() if isinstance(part, EmailMessage)
    }
    assert set(shapes) == {"text/plain", "text/html"}
    assert "¡Gracias, Ada Sample!" in shapes["text/plain"]


def test_marketing_offers_to_leave_by_smtp_as_well(postbox: Postbox, queued: Queue) -> None:
    consent.agree("ada@example.com", ["news"], language="en", where="test", wording="words")
    queued("campaign", context=sample("campaign"), reference="")
    jobs.work_due(outbox.BULK_QUEUE)
    [mail] = postbox.mails
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/newsletter/leave/" in mail["List-Unsubscribe"]


@pytest.mark.parametrize(
    ("says", "state"),
    [("451 later", "new"), ("554 never", "attention"), ("421 closing", "new")],
)
def test_its_refusals_wait_or_ask_for_a_person(postbox: Postbox, queued: Queue, says: str, state: str) -> None:
    row = queued()
    postbox.says = says
    jobs.work_due("mail")
    row.refresh_from_db()
    assert row.state == state
    assert says.split()[1] in row.last_error


def test_what_was_put_off_leaves_once_the_server_takes_it(postbox: Postbox, queued: Queue) -> None:
    row = queued()
    postbox.says = "451 later"
    jobs.work_due("mail")
    postbox.says = "250 OK"
    type(row).objects.update(next_at=row.created_at)
    jobs.work_due("mail")
    assert len(postbox.mails) == 1
