"""The client against answers of every bad kind, some of them from a real socket."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
import responses

from ilytat.integrations import client
from ilytat.integrations.client import ApiClient, retry_after_seconds
from ilytat.integrations.errors import IntegrationError, OutcomeUnknown, RateLimited, Refused, Unavailable

BASE = "https://api.printify.com"
PATH = "/v1/shops.json"
NO_JSON = [b"<html>Bad gateway</html>", b"", b'{"a": ', b'{"a": NaN}', b"\xef\xbb\xbf{}", b"\xff\xfe", b"[" * 100_000]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_pause", lambda _state: 0)


@pytest.fixture
def provider() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(registry=responses.registries.OrderedRegistry) as mock:
        yield mock


@pytest.fixture
def api() -> ApiClient:
    return ApiClient(BASE, {"Authorization": "Bearer key"})


# --- reading -------------------------------------------------------------------------------------------


def test_a_read_carries_the_headers_and_returns_parsed_json(provider: responses.RequestsMock, api: ApiClient) -> None:
    sent = [
        responses.matchers.header_matcher({"Authorization": "Bearer key"}),
        responses.matchers.query_param_matcher({"page": "2"}),
    ]
    provider.get(BASE + PATH, json={"data": [1]}, match=sent)

    assert api.read(PATH, params={"page": 2}) == {"data": [1]}


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_read_is_tried_again_while_it_can_heal(provider: responses.RequestsMock, api: ApiClient, status: int) -> None:
    provider.get(BASE + PATH, status=status)
    provider.get(BASE + PATH, body=requests.ConnectionError("reset"))
    provider.get(BASE + PATH, json={"ok": 1})

    assert api.read(PATH) == {"ok": 1}


def test_a_read_gives_up_after_three_tries(provider: responses.RequestsMock, api: ApiClient) -> None:
    for _ in range(3):
        provider.get(BASE + PATH, status=503)

    with pytest.raises(Unavailable) as caught:
        api.read(PATH)
    assert (caught.value.status, len(provider.calls)) == (503, 3)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_refusal_is_not_asked_twice(provider: responses.RequestsMock, api: ApiClient, status: int) -> None:
    body = {"status": "error", "code": 8150, "message": "Failed.", "errors": {"reason": "Product gone"}}
    provider.get(BASE + PATH, status=status, json=body)

    with pytest.raises(Refused) as caught:
        api.read(PATH)
    refused = caught.value
    assert (refused.status, refused.code, refused.body) == (status, "8150", body)
    assert refused.detail == f"The service refused the request ({status}). The service says: Product gone"


@pytest.mark.parametrize("content", NO_JSON, ids=[repr(content[:12]) for content in NO_JSON])
def test_an_answer_that_is_not_strict_json_is_no_answer(
    provider: responses.RequestsMock, api: ApiClient, content: bytes
) -> None:
    for _ in range(3):
        provider.get(BASE + PATH, body=content)

    with pytest.raises(Unavailable, match="response could not be read"):
        api.read(PATH)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused_so_that_the_token_stays_here(
    provider: responses.RequestsMock, api: ApiClient, status: int
) -> None:
    """D21."""
    provider.get(BASE + PATH, status=status, headers={"Location": "https://elsewhere.example/"})

    with pytest.raises(Refused):
        api.read(PATH)
    assert len(provider.calls) == 1


# --- writing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [c for c in NO_JSON if c], ids=lambda c: repr(c[:12]))
def test_an_unreadable_answer_to_a_write_leaves_its_outcome_unknown(
    provider: responses.RequestsMock, api: ApiClient, content: bytes
) -> None:
    provider.post(BASE + PATH, body=content)

    with pytest.raises(OutcomeUnknown):
        api.write("POST", PATH, {})


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ({"status": 500}, OutcomeUnknown),
        ({"status": 503}, OutcomeUnknown),
        ({"body": requests.ReadTimeout()}, OutcomeUnknown),
        ({"body": requests.ConnectionError("cut")}, OutcomeUnknown),
        ({"body": requests.exceptions.ChunkedEncodingError("cut")}, OutcomeUnknown),
        ({"body": requests.ConnectTimeout()}, Unavailable),
        ({"status": 429}, RateLimited),
        ({"status": 400, "json": {"code": 8103}}, Refused),
        ({"status": 302}, Refused),
    ],
)
def test_a_write_is_sent_once_whatever_happens(
    provider: responses.RequestsMock, api: ApiClient, answer: dict[str, object], meaning: type[IntegrationError]
) -> None:
    """Only its caller can find out whether it happened."""
    provider.post(BASE + PATH, **answer)

    with pytest.raises(IntegrationError) as caught:
        api.write("POST", PATH, {"external_id": "1"})
    assert type(caught.value) is meaning
    assert len(provider.calls) == 1


def test_a_write_sends_json_and_may_be_answered_with_nothing(provider: responses.RequestsMock, api: ApiClient) -> None:
    provider.delete(BASE + PATH, status=204)
    provider.put(BASE + PATH, json={"id": "1"}, match=[responses.matchers.json_params_matcher({"a": 1})])

    assert api.write("DELETE", PATH) is None
    assert api.write("PUT", PATH, {"a": 1}) == {"id": "1"}


# --- Retry-After, budget and counting ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("1.5", 1.5),
        ("86400", 300.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Wed, 21 Oct 1971 07:28:00 GMT", 0.0),
        ("Xyz, 99 Foo 2026 07:28:00 GMT", None),
    ],
)
def test_retry_after_in_every_form(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value) == seconds


def test_retry_after_as_a_date() -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    assert retry_after_seconds(when) == pytest.approx(60, abs=2)


def test_a_provider_that_is_too_busy_names_its_time(provider: responses.RequestsMock, api: ApiClient) -> None:
    provider.post(BASE + PATH, status=429, headers={"Retry-After": "30"})

    with pytest.raises(Unavailable) as caught:
        api.write("POST", PATH)
    assert (caught.value.retry_after, caught.value.code) == (30.0, "429")


def test_every_try_spends_the_budget_and_is_counted(provider: responses.RequestsMock) -> None:
    spent: list[str] = []
    heard: list[int] = []
    api = ApiClient(BASE, {}, spend=spent.append, record=heard.append)
    provider.get(BASE + PATH, status=500)
    provider.get(BASE + PATH, body=requests.ConnectionError("reset"))
    provider.get(BASE + PATH, json={})

    api.read(PATH, lane="orders")

    assert (spent, heard) == (["orders"] * 3, [500, 0, 200])


def test_a_spent_budget_sends_nothing(provider: responses.RequestsMock) -> None:
    def spend(_lane: str) -> None:
        raise Unavailable("budget spent", retry_after=9)

    with pytest.raises(Unavailable, match="budget spent"):
        ApiClient(BASE, {}, spend=spend).write("POST", PATH)
    assert len(provider.calls) == 0


# --- a real, slow, endless or silent server ---------------------------------------------------------------

Behave = Callable[[socket.socket], None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"


@pytest.fixture
def server() -> Iterator[Callable[[Behave], str]]:
    """Starts a server on a real socket that behaves as told, once for each connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()
    threads: list[threading.Thread] = []

    def serve(behave: Behave) -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    behave(connection)
                except OSError:
                    continue

    def start(behave: Behave) -> str:
        threads.append(threading.Thread(target=serve, args=[behave], daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    over.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in threads:
        thread.join(timeout=5)


def drip(connection: socket.socket) -> None:
    connection.sendall(HEAD + b'{"a": "')
    for _ in range(1000):
        connection.sendall(b"x")
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    connection.sendall(HEAD + b'{"a": "')
    while True:
        connection.sendall(b"x" * 65536)


def silence(_connection: socket.socket) -> None:
    time.sleep(1)


def cut_in_the_body(connection: socket.socket) -> None:
    connection.sendall(HEAD.replace(b"Connection: close", b"Content-Length: 1000") + b'{"a": 1')


def cut_at_once(_connection: socket.socket) -> None:
    pass


def answer(connection: socket.socket) -> None:
    connection.sendall(HEAD + json.dumps({"a": 1}).encode())


def answer_compressed(connection: socket.socket) -> None:
    connection.sendall(HEAD.replace(b"Connection", b"Content-Encoding: gzip\r\nConnection"))
    for byte in gzip.compress(json.dumps({"a": 1}).encode()):
        connection.sendall(bytes([byte]))


def answer_in_chunks(connection: socket.socket) -> None:
    connection.sendall(HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked"))
    for piece in (b'2\r\n{"\r\n', b'5\r\na": 1\r\n', b"1\r\n}\r\n", b"0\r\n\r\n"):
        connection.sendall(piece)
        time.sleep(0.02)


def bomb(connection: socket.socket) -> None:
    connection.sendall(HEAD.replace(b"Connection", b"Content-Encoding: gzip\r\nConnection"))
    connection.sendall(gzip.compress(b"x" * 50_000_000, compresslevel=1))


def impatient(base: str) -> ApiClient:
    return ApiClient(base, {}, connect_timeout=0.5, read_timeout=0.3, deadline=0.6, max_bytes=1_000_000)


@pytest.mark.parametrize("behave", [drip, flood, bomb, silence, cut_in_the_body, cut_at_once])
def test_trouble_on_the_wire_ends_in_time_and_leaves_a_write_unknown(
    server: Callable[[Behave], str], behave: Behave
) -> None:
    api = impatient(server(behave))
    began = time.monotonic()

    with pytest.raises(OutcomeUnknown):
        api.write("POST", PATH, {})
    assert time.monotonic() - began < 20


def test_headers_that_never_end_are_not_waited_for(server: Callable[[Behave], str]) -> None:
    """Never silent for long: only the whole takes too much time."""
    heard_out = threading.Event()

    def drip_headers(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(400):
            connection.sendall(b"x")
            time.sleep(0.05)
        heard_out.set()

    with pytest.raises(OutcomeUnknown, match="no response in time"):
        impatient(server(drip_headers)).write("POST", PATH, {})
    assert not heard_out.is_set()


@pytest.mark.parametrize("behave", [flood, bomb])
def test_an_answer_too_large_is_cut_off_by_its_size(server: Callable[[Behave], str], behave: Behave) -> None:
    api = ApiClient(server(behave), {}, max_bytes=1_000_000)
    began = time.monotonic()

    with pytest.raises(OutcomeUnknown, match="its response could not be read"):
        api.write("POST", PATH, {})
    assert time.monotonic() - began < 20


def test_trouble_on_the_wire_makes_a_read_unavailable(server: Callable[[Behave], str]) -> None:
    with pytest.raises(Unavailable):
        impatient(server(drip)).read(PATH)


def test_a_server_that_is_not_there_was_certainly_not_reached() -> None:
    with pytest.raises(Unavailable):
        impatient("http://127.0.0.1:1").read(PATH)


@pytest.mark.parametrize("behave", [answer, answer_compressed, answer_in_chunks])
def test_the_real_thing_works(server: Callable[[Behave], str], behave: Behave) -> None:
    assert impatient(server(behave)).read(PATH) == {"a": 1}
