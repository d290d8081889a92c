"""Why a product from Printify could not be used, as a code: stored beside the message, which is for people only."""

from http import HTTPStatus

from django.db import DataError, models

from ilytat.integrations.errors import IntegrationError, NotConfigured, OutcomeUnknown, RateLimited, Unavailable


class FailureCode(models.TextChoices):
    """Stored in `SyncChange.error_code` and `PrintifyCache.error_code`: a value is never renamed."""

    NO_TITLE = "no_title"
    NO_PRICE = "no_price"
    DUPLICATE_VARIANT = "duplicate_variant"
    INCOMPLETE = "incomplete"
    UNREADABLE = "unreadable"
    RATE_LIMITED = "rate_limited"
    ACCESS_DENIED = "access_denied"
    NO_ANSWER = "no_answer"
    UNEXPECTED = "unexpected"


def code_of(error: Exception) -> FailureCode:
    """Return the code for an error of the Printify client, of the database, or of our own code."""
    if isinstance(error, RateLimited):
        return FailureCode.RATE_LIMITED
    if isinstance(error, NotConfigured) or _is_denied(error):
        return FailureCode.ACCESS_DENIED
    if isinstance(error, Unavailable | OutcomeUnknown):
        return FailureCode.NO_ANSWER
    if isinstance(error, DataError | OverflowError):  # PostgreSQL's and SQLite's word for a value that fits no column
        return FailureCode.UNREADABLE
    return FailureCode.UNEXPECTED


def _is_denied(error: Exception) -> bool:
    return isinstance(error, IntegrationError) and error.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
