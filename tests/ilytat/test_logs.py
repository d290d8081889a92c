"""Log lines outlive every erasure: nothing secret and nobody's address stands in them (I11, J2)."""

import pytest

from ilytat import logs


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("key sk_live_abcDEF123456 refused", "key [redacted] refused"),
        ("Authorization: Bearer abc.def", "Authorization: [redacted]"),
        ("DETAIL: Key (email)=(renee.lopez+shop@mail.example.com) exists", "DETAIL: Key (email)=([address]) exists"),
        ("{'ada@example.com': (550, b'no')}", "{'[address]': (550, b'no')}"),
        ("order IL-10482 at 12:30", "order IL-10482 at 12:30"),
    ],
)
def test_what_must_not_be_written_down_is_taken_out(said: str, kept: str) -> None:
    assert logs.redact(None, "", {"event": said, "exception": said, "row": 7}) == {
        "event": kept,
        "exception": kept,
        "row": 7,
    }


def test_a_long_line_without_an_address_is_read_in_linear_time() -> None:
    assert logs.redact(None, "", {"event": "a" * 200_000})["event"] == "a" * 200_000
