import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.sandbox import till
from tests.sandbox.process import Sandbox, running


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(process: Sandbox) -> Sandbox:
    """One process for the session, emptied for each test."""
    process.control("reset")
    return process


@pytest.fixture(scope="session")
def shop_endpoint() -> Iterator["Listener"]:
    with listening() as listener:
        yield listener


@pytest.fixture(scope="session")
def keyed_process(tmp_path_factory: pytest.TempPathFactory, shop_endpoint: "Listener") -> Iterator[Sandbox]:
    """A sandbox with the keys of a shop, whose webhooks reach `shop_endpoint`; sessions may run out in a second."""
    keys = {
        "STRIPE_SECRET_KEY": till.KEY,
        "STRIPE_WEBHOOK_SECRET": f"{till.SECRET},whsec_older",
        "EMAIL_API_KEY": "SG.k",
    }
    shop = shop_endpoint.url.removesuffix("/hook")
    with running(tmp_path_factory.mktemp("keyed"), SHOP_URL=shop, MIN_EXPIRY="1", **keys) as sandbox:
        yield sandbox


@pytest.fixture
def keyed(keyed_process: Sandbox, shop_endpoint: "Listener") -> Sandbox:
    keyed_process.control("reset")
    shop_endpoint.received.clear()
    shop_endpoint.statuses.clear()
    return keyed_process


class Listener:
    """A shop's webhook endpoint: keeps what arrives, answers what `statuses` says next (200 when it is empty)."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.received.append((dict(self.headers), body))
                self.send_response(listener.statuses.pop(0) if listener.statuses else 200)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def wait(self, enough: Callable[[], bool], *, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while not enough():
            assert time.monotonic() < until, f"only {len(self.received)} deliveries came: {self.received}"
            time.sleep(0.02)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()
    thread = threading.Thread(target=listener.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield listener
    listener.server.shutdown()
    listener.server.server_close()
    thread.join()
