"""What can go wrong between us and an outside service, said so that callers can choose.

Every client of the shop raises these and nothing else; no library's exception crosses that edge.
"""

from dataclasses import dataclass

from django.db import models

FORBIDDEN = 403


class IntegrationError(Exception):
    """`status` and `code` are the provider's own (0 and "" when there was no answer); `detail` is for staff.

    `is_outage`: the provider serves no call at present, so the failure says nothing about the row that needed it.
    """

    def __init__(
        self, detail: str, *, status: int = 0, code: str = "", body: object = None, is_outage: bool = False
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.code = code
        self.body = body
        self.is_outage = is_outage


class Unavailable(IntegrationError):
    """It certainly did not happen and trying again may help. `retry_after` is in seconds, None if unsaid."""

    def __init__(
        self, detail: str, *, status: int = 0, code: str = "", retry_after: float | None = None, is_outage: bool = False
    ) -> None:
        super().__init__(detail, status=status, code=code, is_outage=is_outage)
        self.retry_after = retry_after


class RateLimited(Unavailable):
    """Too many calls: the provider, or our own budget for it, asks for a pause."""


class KeyRejected(Unavailable):
    """The provider does not accept our key, so no call of this kind can succeed. Made by `providers.Provider`.

    A 403 is no outage: it may be about this one row, which then comes to staff after its last attempt.
    `next_step` tells staff what to change.
    """

    def __init__(self, detail: str, *, status: int = 0, next_step: str = "") -> None:
        super().__init__(detail, status=status, is_outage=status != FORBIDDEN)
        self.next_step = next_step


class NotConfigured(KeyRejected):
    """This installation holds no key for the service."""


class Refused(IntegrationError):
    """The provider said no. Asking again in the same words cannot help."""


class OutcomeUnknown(IntegrationError):
    """It may or may not have happened. Look first, then decide."""


class Outcome(models.TextChoices):
    """What a webhook, or another look at the same object, changed here. Code decides by this value only."""

    HANDLED = "handled"
    DUPLICATE = "duplicate"  # known already: nothing changed
    LATE = "late"  # something newer was here first: nothing changed
    IGNORED = "ignored"  # not about this shop, or nothing we act on
    ATTENTION = "attention"  # recorded; what it is about waits for a person
    FAILED = "failed"  # it could not be used


@dataclass(frozen=True)
class Result:
    """`detail` is one sentence for staff. Never decide by it."""

    outcome: Outcome
    detail: str = ""
