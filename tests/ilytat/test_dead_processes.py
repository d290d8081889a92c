"""Half a deployment dies, a process at a time: the deep health page and the admin's first page name it (K8)."""

import threading
from collections.abc import Iterator
from functools import partial
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

from tests.ports import free_port
from tests.stack import Stack

QUEUES = {"orders": "webhooks,fulfilment,mail", "sync": "sync,bulk"}
SENTENCES = {
    "orders": "The worker for webhooks, fulfilment, mail is not running: it was last seen",
    "sync": "The worker for sync, bulk is not running: it was last seen",
    "beat": "Beat is not running: it was last seen",
}
ALERTS_MAILED = """
SELECT mail.id FROM notifications_outgoingemail mail
JOIN integrations_alert alert ON mail.reference = 'alert:' || alert.id
WHERE mail.state = 'sent' AND alert.key = '{key}'
"""
OPEN_ALERTS = "SELECT key FROM integrations_alert WHERE key LIKE 'process:%' AND closed_at IS NULL"


class Monitor(HTTPServer):
    """Stands in for healthchecks.io: `pings` are the paths that were posted to."""

    def __init__(self) -> None:
        self.pings: list[str] = []
        super().__init__(("127.0.0.1", free_port()), Pings)


class Pings(BaseHTTPRequestHandler):
    server: Monitor

    def do_POST(self) -> None:
        self.server.pings.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_given: object) -> None:
        pass


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    server = Monitor()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def divided(stack: Stack, monitor: Monitor) -> Stack:
    """Two workers that share the queues as the Procfile does."""
    stack.env["PING_URL"] = f"http://127.0.0.1:{monitor.server_port}/check"
    stack.stop("worker")
    for name in QUEUES:
        start(stack, name)
    return stack


def start(stack: Stack, name: str) -> None:
    if name == "beat":
        stack.start_beat()
    else:
        stack.start_worker(name, queues=QUEUES[name])


def test_each_dead_process_turns_the_shop_red_and_is_named(divided: Stack, monitor: Monitor) -> None:
    cookies = {"sessionid": divided.staff_session()}

    def front_page() -> str:
        return unescape(divided.get("/admin/", cookies=cookies).text)

    def deep() -> requests.Response:
        return divided.get("/healthz/deep")

    divided.wait_for(lambda: deep().ok and deep().json()["status"] == "ok", what="all to run")
    assert "Trouble" not in front_page()
    divided.wait_for(lambda: "/check" in monitor.pings, what="a ping while all is well")
    for name, sentence in SENTENCES.items():
        divided.kill(name)
        divided.wait_for(lambda: deep().status_code == 503, what=f"the deep page to miss {name}")
        (reason,), (command,) = deep().json()["reasons"], deep().json()["commands"]
        assert reason.startswith(sentence)
        page = front_page()
        assert "Trouble" in page
        assert sentence in page
        assert command in page
        assert "Everything else runs" not in page
        divided.wait_for(lambda: divided.sql(OPEN_ALERTS), what=f"an alert about {name}, from the other worker")
        if name != "orders":
            mailed = ALERTS_MAILED.format(key=divided.sql(OPEN_ALERTS)[0][0])
            divided.wait_for(partial(divided.sql, mailed), what="its email")
        divided.wait_for(lambda: monitor.pings[-1] == "/check/fail", what="the monitor to hear of it")
        start(divided, name)
        divided.wait_for(lambda: deep().ok, what=f"green after {name} started again")
        assert "Trouble" not in front_page()
        divided.wait_for(lambda: not divided.sql(OPEN_ALERTS), what="the alert to close")
        divided.wait_for(lambda: monitor.pings[-1] == "/check", what="pings again")


def test_a_broken_broker_is_named_and_nothing_else(divided: Stack) -> None:
    divided.wait_for(lambda: divided.get("/healthz/deep").ok, what="all to run")
    divided.stop("web")
    broken = {"CELERY_BROKER_URL": "redis://127.0.0.1:9/0"}
    divided.env |= broken
    divided.start_web()
    answer = divided.get("/healthz/deep")
    assert answer.status_code == 503
    (reason,) = answer.json()["reasons"]
    assert reason.startswith("The message broker does not answer")
