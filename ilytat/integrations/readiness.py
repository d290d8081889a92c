"""Setup checks: what this installation still lacks. `manage.py doctor` and the admin's Setup check run this list.

Health checks ask every few minutes whether a working shop still works. These ask whether an installation was
set up completely. `ilytat.health` lists them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from ilytat.integrations import failure_texts, heartbeats
from ilytat.integrations.errors import IntegrationError, KeyRejected
from ilytat.integrations.health import SETUP_PREFIX, State
from ilytat.integrations.models import HealthResult, InboundEvent

DETAIL_MAX, ERROR_MAX = 300, 160  # characters
RESULT_AGE_MAX = timedelta(days=30)


@dataclass(frozen=True)
class Finding:
    """`fix` says in one sentence what to do; it is empty when the state is ok."""

    state: State
    detail: str = ""
    fix: str = ""


Check = Callable[[], Finding]


def run_checks(checks: Mapping[str, Check]) -> dict[str, Finding]:
    """Run the checks and store the results. They call the providers: not inside a transaction."""
    return {name: _run(name, check) for name, check in sorted(checks.items())}


def last_event_text(events: QuerySet[InboundEvent]) -> str:
    """Say when the last of these verified webhooks arrived. The inbox forgets them after 30 days."""
    event = events.order_by("-received_at").only("received_at").first()
    if event is None:
        return "no event has arrived yet"
    return f"the last event arrived {heartbeats.duration_text(timezone.now() - event.received_at)} ago"


def _run(name: str, check: Check) -> Finding:
    try:
        finding = check()
    except IntegrationError as error:
        detail = f"{error.detail[:ERROR_MAX].rstrip('. ')}."
        fix = error.next_step if isinstance(error, KeyRejected) else ""
        finding = Finding("down", detail, fix or "Run the check again when the provider answers.")
    except Exception as error:  # noqa: BLE001 (a broken check is a finding, not a crash of the others)
        finding = Finding("down", failure_texts.logged(error, "setup check failed", check=name))
    _store(SETUP_PREFIX + name, finding)
    return finding


def _store(name: str, finding: Finding) -> None:
    now = timezone.now()
    # The fix is never cut off.
    detail = finding.detail[: DETAIL_MAX - len(finding.fix) - 1]
    values = {"state": finding.state, "detail": f"{detail} {finding.fix}".strip()[:DETAIL_MAX]}
    # Who acknowledged a warning did not acknowledge another one.
    HealthResult.objects.filter(name=name).exclude(**values).update(acknowledged_at=None, acknowledged_by=None)
    ok_at = {"ok_at": now} if finding.state == "ok" else {}
    HealthResult.objects.update_or_create(name=name, defaults=values | {"checked_at": now} | ok_at)


def acknowledge(name: str, detail: str, user_id: int) -> bool:
    """Count a warning as ok while it says `detail`. Return False when it no longer does, or is no warning."""
    setup_results = HealthResult.objects.filter(name__startswith=SETUP_PREFIX)
    warning = setup_results.filter(name=name, state="warn", detail=detail)
    return bool(warning.update(acknowledged_at=timezone.now(), acknowledged_by=user_id))


def results(names: Iterable[str]) -> QuerySet[HealthResult]:
    """Return the stored results of these checks. An old one counts as not run."""
    stored_names = [SETUP_PREFIX + name for name in names]
    return HealthResult.objects.filter(name__in=stored_names, checked_at__gt=timezone.now() - RESULT_AGE_MAX)


def acknowledgments(names: Iterable[str]) -> dict[str, str]:
    """Return the name of each check whose warning was acknowledged, and when and by whom."""
    rows = results(names).filter(acknowledged_at__isnull=False).select_related("acknowledged_by")
    return {row.name.removeprefix(SETUP_PREFIX): row.acknowledgment for row in rows}


def unrun_count(names: Collection[str]) -> int:
    return len(names) - results(names).count()


def is_complete(names: Collection[str]) -> bool:
    """Return whether every check has run, and each was ok or its warning was acknowledged."""
    return not unrun_count(names) and not any(result.is_open for result in results(names))
