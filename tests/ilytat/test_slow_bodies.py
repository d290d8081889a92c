"""A body that stalls frees its thread; one that comes along, however long, is taken in."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from ilytat import slow_bodies


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("time.monotonic", made)
    return made


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def test_what_comes_along_is_taken_in(clock: Clock, ends: tuple[socket.socket, socket.socket]) -> None:
    here, there = ends
    body = slow_bodies.PacedSocket(here)
    for _ in range(100):
        there.sendall(b"x" * slow_bodies.PACE)
        assert len(body.recv(slow_bodies.PACE)) > 0
        clock.now += 0.9
    assert here.gettimeout() is None


def test_a_drip_is_ended(clock: Clock, ends: tuple[socket.socket, socket.socket]) -> None:
    here, there = ends
    body = slow_bodies.PacedSocket(here)
    for _ in range(9):
        there.sendall(b"x")
        assert body.recv(8192) == b"x"
        clock.now += 1.1
    clock.now += 1
    with pytest.raises(TimeoutError):
        body.recv(8192)


def test_silence_is_ended(
    clock: Clock, ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_bodies, "PATIENCE", 0.01)
    with pytest.raises(TimeoutError):
        slow_bodies.PacedSocket(ends[0]).recv(8192)
    assert ends[0].gettimeout() is None


def test_each_request_of_a_connection_has_its_own_time(ends: tuple[socket.socket, socket.socket]) -> None:
    unreader = SimpleNamespace(sock=ends[0])
    request = SimpleNamespace(unreader=unreader)
    slow_bodies.pre_request(None, request)
    held: object = unreader.sock
    assert isinstance(held, slow_bodies.PacedSocket)
    slow_bodies.post_request(None, request, {}, None)
    slow_bodies.post_request(None, request)
    assert unreader.sock is held.sock is ends[0]
