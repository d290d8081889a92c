"""What staff read about a call or a job that failed: sentences. A library's own text goes to the log only.

A client of a provider chooses `no_answer`, `answered` or `unreadable`. Who catches whatever comes uses `logged`.
"""

import logging
import socket
import ssl
import unicodedata
from collections.abc import Iterator
from http import HTTPStatus

import kombu.exceptions
import redis
import requests
from django.db import DatabaseError, DataError, InterfaceError
from django.utils.html import strip_tags
from django.utils.text import Truncator

from ilytat.integrations.errors import IntegrationError

log = logging.getLogger(__name__)
SAID_MAX, READ_MAX = 200, 2000  # characters of a provider's message: shown, looked at
# Whose library raises these when there is no answer.
SERVICES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((kombu.exceptions.OperationalError,), "The message broker"),
    ((redis.ConnectionError, redis.TimeoutError), "Redis"),
    ((requests.RequestException, ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError), "A service"),
)
# The first that fits is meant.
REASONS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (requests.ConnectTimeout, "connection timed out"),
    ((requests.Timeout, TimeoutError), "no response in time"),
    (requests.exceptions.ContentDecodingError, "its response could not be read"),
    ((requests.exceptions.SSLError, ssl.SSLError), "no secure connection (TLS)"),
    (socket.gaierror, "its host name was not found"),
    (ConnectionRefusedError, "connection refused"),
)


def no_answer(provider: str, error: BaseException | None) -> str:
    """Return "Printify did not answer (connection timed out)." for the error of an HTTP or SMTP library."""
    return f"{provider} did not answer ({reason(error)})."


def reason(error: BaseException | None) -> str:
    """Return why there was no answer, also where the library wrapped the error of the socket."""
    known = (text for cause in _causes(error) for kinds, text in REASONS if isinstance(cause, kinds))
    return next(known, "connection failed")


def answered(provider: str, status: int, said: object = "") -> str:
    """Return what an HTTP status other than success means. `said` is the provider's message, as it came."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        text = f"{provider} accepts no more requests for now ({status})."
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        text = f"{provider} answered with an error ({status})."
    else:
        text = f"{provider} refused the request ({status})."
    return f"{text} {says(provider, said)}".strip()


def says(provider: str, said: object) -> str:
    """Return the provider's message as a sentence of theirs, on one line without markup; "" when it is no text."""
    if not isinstance(said, str):
        return ""
    plain = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in strip_tags(said[:READ_MAX]))
    text = Truncator(" ".join(plain.split())).chars(SAID_MAX)
    return f"{provider} says: {text}" if text else ""


def unreadable(provider: str) -> str:
    return f"{provider}'s response could not be read."


def logged(error: BaseException, event: str, **fields: object) -> str:
    """Log the error with its traceback under `event`, and return a sentence about it."""
    log.error(event, exc_info=error, extra=fields)
    if isinstance(error, IntegrationError):
        return error.detail
    if isinstance(error, DataError):
        return "The database cannot store one of the values."
    if isinstance(error, DatabaseError | InterfaceError):
        return f"The database could not do this ({type(error).__name__})."
    for kinds, service in SERVICES:
        if isinstance(error, kinds):
            return no_answer(service, error)
    return f"An unexpected error occurred ({type(error).__name__}). The log has the details under “{event}”."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
