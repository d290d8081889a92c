"""What staff read about a failed call: a sentence, without a library's own text."""

import logging
import socket
import ssl

import kombu.exceptions
import pytest
import redis
import requests
from django.db import DataError, OperationalError

from ilytat.integrations import failure_texts
from ilytat.integrations.errors import Refused


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.ConnectTimeout("_Pool(host='x')"), "connection timed out"),
        (requests.ReadTimeout("_Pool(host='x')"), "no response in time"),
        (TimeoutError("slow"), "no response in time"),
        (requests.exceptions.ContentDecodingError("gzip"), "its response could not be read"),
        (requests.ConnectionError("_Pool(host='x')"), "connection failed"),
        (requests.exceptions.SSLError("_Pool(host='x')"), "no secure connection (TLS)"),
        (ssl.SSLCertVerificationError("expired"), "no secure connection (TLS)"),
        (socket.gaierror(-2, "Name or service not known"), "its host name was not found"),
        (ConnectionRefusedError(111, "refused"), "connection refused"),
        (None, "connection failed"),
    ],
)
def test_no_answer_is_a_sentence_without_the_library_s_text(error: Exception | None, reason: str) -> None:
    assert failure_texts.no_answer("Printify", error) == f"Printify did not answer ({reason})."


def test_the_reason_is_found_below_the_library_s_own_error() -> None:
    with pytest.raises(requests.ConnectionError) as caught:
        requests.get("http://127.0.0.1:1/", timeout=5)
    assert failure_texts.no_answer("Printify", caught.value) == "Printify did not answer (connection refused)."


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (404, "Printify refused the request (404). Printify says: Gone"),
        (429, "Printify accepts no more requests for now (429). Printify says: Gone"),
        (502, "Printify answered with an error (502). Printify says: Gone"),
    ],
)
def test_a_status_is_a_sentence_and_the_provider_s_message_is_marked_as_theirs(status: int, text: str) -> None:
    assert failure_texts.answered("Printify", status, "Gone") == text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<h1>No</h1>\n<script>alert(1)</script>", "Stripe says: No alert(1)"),
        ("a\0b\x1b[31m\u202ec\ud800", "Stripe says: a b [31m c"),
        ("", ""),
        ("<br>\n", ""),
        (None, ""),
        ({"error": "x"}, ""),
    ],
)
def test_a_provider_s_message_is_one_plain_line(said: object, shown: str) -> None:
    assert failure_texts.says("Stripe", said) == shown


def test_a_provider_s_message_is_clipped() -> None:
    shown = failure_texts.says("Stripe", "word " * 2000)

    assert len(shown) == len("Stripe says: ") + failure_texts.SAID_MAX
    assert shown.endswith("…")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Refused("Printify refused the request (404)."), "Printify refused the request (404)."),
        (DataError("value too long for type character varying(9)"), "The database cannot store one of the values."),
        (OperationalError('FATAL: role "x"'), "The database could not do this (OperationalError)."),
        (kombu.exceptions.OperationalError("Error 111"), "The message broker did not answer (connection failed)."),
        (redis.TimeoutError("Timeout reading from socket"), "Redis did not answer (connection failed)."),
        (requests.ReadTimeout("_Pool(host='x')"), "A service did not answer (no response in time)."),
        (KeyError("secret"), "An unexpected error occurred (KeyError). The log has the details under “job failed”."),
    ],
)
def test_any_error_is_a_sentence_and_its_own_text_is_in_the_log(
    caplog: pytest.LogCaptureFixture, error: Exception, text: str
) -> None:
    with caplog.at_level(logging.ERROR):
        assert failure_texts.logged(error, "job failed", row=7) == text
    (record,) = caplog.records
    assert (record.getMessage(), record.__dict__["row"]) == ("job failed", 7)
    assert record.exc_info is not None
    assert record.exc_info[1] is error
