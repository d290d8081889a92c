"""Health checks: run by the beat (`ilytat.tasks`), stored, and read by the pages. `ilytat.health` lists them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.db.models import QuerySet
from django.utils import timezone

from ilytat.integrations import alerts, failure_texts, jobs, providers
from ilytat.integrations.errors import FORBIDDEN, IntegrationError, KeyRejected
from ilytat.integrations.models import HealthResult

State = Literal["ok", "warn", "down"]
SETUP_PREFIX = "setup:"  # of the stored results of setup checks (`ilytat.integrations.readiness`)
RESULT_AGE_MAX = timedelta(minutes=15)  # three turns of the timetable


@dataclass(frozen=True)
class Verdict:
    """`next_step` tells staff what to do about it.

    `is_key_accepted`: the provider answered a call with our key, though something else is wrong.
    """

    state: State
    detail: str = ""
    next_step: str = ""
    is_key_accepted: bool = False


Check = Callable[[], Verdict]


def failed(error: IntegrationError) -> Verdict:
    """A key that only lacks a permission (403) is one that the provider accepts."""
    next_step = error.next_step if isinstance(error, KeyRejected) else ""
    return Verdict("down", error.detail, next_step, is_key_accepted=error.status == FORBIDDEN)


def results() -> QuerySet[HealthResult]:
    return HealthResult.objects.exclude(name__startswith=SETUP_PREFIX).order_by("name")


def are_old(rows: Iterable[HealthResult]) -> bool:
    return min(row.checked_at for row in rows) < timezone.now() - RESULT_AGE_MAX


def run_checks(checks: Mapping[str, Check]) -> dict[str, Verdict]:
    """Run all checks of the shop (they may call out), store the results, open and close the alerts.

    The stored result of a check that is not among them, because it was renamed or removed, is deleted.
    """
    results().exclude(name__in=checks).delete()
    return {name: _run(name, check) for name, check in checks.items()}


def _run(name: str, check: Check) -> Verdict:
    try:
        verdict = check()
    except IntegrationError as error:
        verdict = failed(error)
    except Exception as error:  # noqa: BLE001 (a broken check is a finding, not a crash of the others)
        verdict = Verdict("down", failure_texts.logged(error, "health check failed", check=name))
    now = timezone.now()
    was_down = HealthResult.objects.filter(name=name, state="down").exists()
    kept = {"state": verdict.state, "detail": verdict.detail[:300], "checked_at": now}
    HealthResult.objects.update_or_create(name=name, defaults=kept | ({"ok_at": now} if verdict.state == "ok" else {}))
    _update_alerts(name, verdict)
    if was_down and verdict.state != "down":
        jobs.resume_failed()
    return verdict


def _update_alerts(name: str, verdict: Verdict) -> None:
    if verdict.state == "ok" or verdict.is_key_accepted:
        providers.close_quiet_permission(name)
        if providers.is_rejected(name):
            alerts.close_alert(providers.alert_key(name))
            jobs.resume_failed()
    if verdict.state != "down":
        alerts.close_alert(f"health:{name}")
    elif not providers.is_rejected(name):
        alerts.open_alert(f"health:{name}", f"{name}: {verdict.detail}", next_step=verdict.next_step)
    elif verdict.next_step:
        providers.correct_incident(name, verdict.detail, verdict.next_step)
