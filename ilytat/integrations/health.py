"""Health checks by name. Each app registers its own; the beat runs them and the pages read the stored results."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.db.models import QuerySet
from django.utils import timezone

from ilytat.integrations import alerts, failure_texts, jobs, providers
from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.models import HealthResult

log = logging.getLogger(__name__)
State = Literal["ok", "warn", "down"]
RESULT_AGE_MAX = timedelta(minutes=15)  # three turns of the timetable


@dataclass(frozen=True)
class Verdict:
    state: State
    detail: str = ""


Check = Callable[[], Verdict]
_checks: dict[str, Check] = {}


def register(name: str) -> Callable[[Check], Check]:
    def add(check: Check) -> Check:
        _checks[name] = check
        return check

    return add


def results() -> QuerySet[HealthResult]:
    """The last result of each registered check; one that was renamed or removed leaves a row behind."""
    return HealthResult.objects.filter(name__in=_checks).order_by("name")


def are_old(rows: Iterable[HealthResult]) -> bool:
    return min(row.checked_at for row in rows) < timezone.now() - RESULT_AGE_MAX


def run_all() -> dict[str, Verdict]:
    """Run every check (they may call out), keep the results, open and close the alerts."""
    return {name: _run(name, check) for name, check in _checks.items()}


def _run(name: str, check: Check) -> Verdict:
    try:
        verdict = check()
    except IntegrationError as error:
        verdict = Verdict("down", error.detail)
    except Exception as error:  # a broken check is a finding, not a crash of the others
        log.exception("health check failed", extra={"check": name})
        verdict = Verdict("down", failure_texts.unexpected(error))
    now = timezone.now()
    was_down = HealthResult.objects.filter(name=name, state="down").exists()
    kept = {"state": verdict.state, "detail": verdict.detail[:300], "checked_at": now}
    HealthResult.objects.update_or_create(name=name, defaults=kept | ({"ok_at": now} if verdict.state == "ok" else {}))
    if verdict.state != "down":
        alerts.close_alert(f"health:{name}")
    elif not providers.is_rejected(name):  # that incident has an alert already, with its next step
        alerts.open_alert(f"health:{name}", f"{name}: {verdict.detail}")
    if verdict.state == "ok":
        providers.close_quiet_permission(name)
    if verdict.state == "ok" and (was_down or providers.is_rejected(name)):
        alerts.close_alert(providers.alert_key(name))
        jobs.resume_failed()
    return verdict
