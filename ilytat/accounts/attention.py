"""Erasures of personal data that need a person."""

from collections.abc import Iterator

from django.urls import reverse

from ilytat.accounts import privacy
from ilytat.integrations.attention import SHOWN, Action, AttentionSource, Row
from ilytat.integrations.jobs import ATTENTION

RETRY = "accounts.change_erasure"
QUEUED, UNCHANGED = "Retry queued.", "No change: it is done, or being worked on."


def _stuck() -> Iterator[Row]:
    for erasure in privacy.stuck()[:SHOWN]:
        failed = erasure.state == ATTENTION
        what = "A customer's data could not be deleted" if failed else "A deletion has waited for three weeks"
        why = erasure.last_error or erasure.reason
        url = reverse("admin:accounts_erasure_change", args=[erasure.pk])
        costs = "The law gives us one month from the request."
        yield Row(erasure.pk, what, why, erasure.asked_at, url, costs, ("again",))


def _again(pk: int, _who: str) -> str:
    return QUEUED if privacy.retry(pk) else UNCHANGED


ERASURES = AttentionSource("erasures", "Erasures", RETRY, _stuck, {"again": Action("Try again", _again)})
