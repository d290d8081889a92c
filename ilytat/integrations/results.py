"""How the work on a provider's message ended: a code for programs, a sentence for people."""

from dataclasses import dataclass

from django.db import models


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
