"""The client's bounds and words: how long it pauses, what it takes for an answer, and what it says of a refusal."""

from types import SimpleNamespace
from typing import Any

import pytest
import requests
import responses
import urllib3
from tenacity import Future as TenacityFuture
from tenacity import RetryCallState, Retrying

from ilytat.integrations import client
from ilytat.integrations.client import ApiClient
from ilytat.integrations.errors import OutcomeUnknown, Refused, Unavailable

BASE = "https://api.printify.com"
PATH = "/v1/shops.json"


@pytest.fixture
def api() -> ApiClient:
    return ApiClient(BASE, {"Authorization": "Bearer key"}, tries=1)


def _failed(error: Exception | None, attempt: int) -> RetryCallState:
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempt
    if error:
        outcome = TenacityFuture(attempt)
        outcome.set_exception(error)
        state.outcome = outcome
    return state


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 0.8), (2, 1.6), (3, 3.2), (4, 5.0), (9, 5.0)])
def test_pauses_between_reads_double_up_to_five_seconds(
    monkeypatch: pytest.MonkeyPatch, attempt: int, seconds: float
) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: (low + high) / 2)
    assert client._pause(_failed(Unavailable("down"), attempt)) == pytest.approx(seconds)
    assert client._pause(_failed(None, attempt)) == pytest.approx(seconds)
    assert client._pause(_failed(ValueError(), attempt)) == pytest.approx(seconds)


@pytest.mark.parametrize("asked", [0.0, 2.5])
def test_a_pause_is_as_long_as_the_provider_asked(asked: float) -> None:
    assert client._pause(_failed(Unavailable("busy", retry_after=asked), 1)) == asked


def test_pauses_are_spread_by_a_quarter(monkeypatch: pytest.MonkeyPatch) -> None:
    spread: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        spread.append((low, high))
        return 1.0

    monkeypatch.setattr("random.uniform", uniform)
    client._pause(_failed(Unavailable("down"), 1))
    assert spread == [(0.75, 1.25)]


@pytest.mark.parametrize(
    ("error", "soon"),
    [
        (Unavailable("down"), True),
        (Unavailable("busy", retry_after=5.0), True),
        (Unavailable("busy", retry_after=5.1), False),
        (Refused("no"), False),
        (OutcomeUnknown("lost"), False),
        (KeyError("a bug of ours"), False),
    ],
)
def test_only_what_heals_within_seconds_is_asked_again_at_once(error: Exception, *, soon: bool) -> None:
    assert client._heals_soon(error) is soon


# --- the body ----------------------------------------------------------------------------------------------


class _Drip:
    """A response's raw side that gives these pieces, one a read."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = [*pieces, b""]

    def read1(self, _most: int, *, decode_content: bool) -> bytes:
        assert decode_content
        piece = self.pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        return piece


def _body(*pieces: bytes | Exception, end: float = 1e12, max_bytes: int = 8) -> bytes:
    answer: Any = SimpleNamespace(raw=_Drip(*pieces))
    return client.body_of(answer, end=end, max_bytes=max_bytes)


def test_an_answer_may_be_as_large_as_is_allowed_and_no_larger() -> None:
    assert _body(b"1234", b"5678") == b"12345678"
    with pytest.raises(requests.exceptions.ContentDecodingError, match="too large"):
        _body(b"1234", b"56789")


def test_an_answer_that_drips_beyond_its_time_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "time", SimpleNamespace(monotonic=lambda: 100.0))
    assert _body(b"{}", end=100.0) == b"{}"
    with pytest.raises(requests.ReadTimeout, match="too slow"):
        _body(b"{}", end=99.9)


def test_a_connection_lost_in_mid_answer_is_said_as_such() -> None:
    with pytest.raises(requests.ConnectionError, match="cut"):
        _body(b"{", urllib3.exceptions.ProtocolError("cut"))


# --- what is sent and what is said --------------------------------------------------------------------------


def test_no_call_waits_longer_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, Any] = {}

    def keep(_method: str, _url: str, **how: Any) -> None:
        sent.update(how)
        raise requests.ConnectTimeout

    api = ApiClient(BASE, {}, connect_timeout=2.0, read_timeout=7.0)
    monkeypatch.setattr(api.session, "request", keep)
    with pytest.raises(Unavailable, match=r"The service did not answer \(connection timed out\)\."):
        api.write("POST", PATH, {"a": 1})
    assert (sent["timeout"], sent["stream"], sent["allow_redirects"]) == ((2.0, 7.0), True, False)


@pytest.mark.parametrize("status", [300, 302, 308, 400, 404, 499])
def test_all_but_success_and_trouble_is_a_refusal(api: ApiClient, status: int) -> None:
    with responses.RequestsMock() as provider:
        provider.get(BASE + PATH, status=status, body=b"")
        with pytest.raises(Refused) as refusal:
            api.read(PATH)
    assert (refusal.value.status, refusal.value.detail) == (
        status,
        f"The service refused the request ({status}).",
    )


@pytest.mark.parametrize(("status", "body"), [(500, b"{}"), (503, b""), (200, b"<html>"), (201, b'{"a":')])
def test_trouble_keeps_its_status(api: ApiClient, status: int, body: bytes) -> None:
    with responses.RequestsMock() as provider:
        provider.get(BASE + PATH, status=status, body=body)
        provider.put(BASE + PATH, status=status, body=body)
        with pytest.raises(Unavailable) as read:
            api.read(PATH)
        if body:
            with pytest.raises(OutcomeUnknown) as written:
                api.write("PUT", PATH, {})
            assert written.value.status == status
        else:
            with pytest.raises(OutcomeUnknown):
                api.write("PUT", PATH, {})
    assert read.value.status == status


@pytest.mark.parametrize(("header", "wait"), [("7", 7.0), (None, None)])
def test_trouble_that_names_a_time_is_believed(api: ApiClient, header: str | None, wait: float | None) -> None:
    with responses.RequestsMock() as provider:
        provider.get(BASE + PATH, status=503, headers={"Retry-After": header} if header else {})
        with pytest.raises(Unavailable) as error:
            api.read(PATH)
    assert error.value.retry_after == wait


@pytest.mark.parametrize("body", [b"", b"  \n"])
def test_a_write_may_be_answered_with_blanks(api: ApiClient, body: bytes) -> None:
    with responses.RequestsMock() as provider:
        provider.delete(BASE + PATH, body=body)
        assert api.write("DELETE", PATH) is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"errors": {"reason": "r"}, "error": "e", "message": "m"}, "r"),
        ({"errors": ["x"], "error": "e", "message": "m"}, "e"),
        ({"errors": {}, "message": "m"}, "m"),
        ({"code": 8150}, ""),
        ({"message": "x" * 501}, "x" * 500),
        ({"errors": {"reason": {"no": "text"}}}, ""),
        (["no object"], ""),
        (None, ""),
    ],
)
def test_the_reason_of_a_refusal_is_found_wherever_it_stands(body: object, reason: str) -> None:
    assert client._reason(body) == reason


@pytest.mark.parametrize(("body", "code"), [({"code": 8150}, "8150"), ({"code": None}, ""), ({}, ""), ([], "")])
def test_the_code_of_a_refusal(body: object, code: str) -> None:
    assert client._code(body) == code
