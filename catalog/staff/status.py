"""How the catalogue stands: one word with its reason, and the figures of the control panel. Read only.

Whether Printify is down and whether we are behind are different things, and told apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import freshness
from catalog.images import fetch
from catalog.models import PrintifyCache, Product, SyncRun
from catalog.models.curation import FieldChange, SyncPause
from catalog.staff import problems, rate_card, usage_chart
from catalog.sync import runs
from ilytat.integrations import heartbeats
from ilytat.integrations.models import HealthResult, InboundEvent

SOURCES = {"stripe": "Stripe", "printify": "Printify", "sendgrid": "SendGrid"}

FRESH, RUNNING, LATE = gettext_lazy("Fresh"), gettext_lazy("Running"), gettext_lazy("Late")
DEGRADED, DOWN, PAUSED = gettext_lazy("Degraded"), gettext_lazy("Down"), gettext_lazy("Paused")
TONES = {FRESH: "good", RUNNING: "busy", LATE: "warn", DEGRADED: "warn", DOWN: "bad", PAUSED: "quiet"}


@dataclass(frozen=True)
class Heard:
    """The last event of one sender, if there ever was one."""

    source: str
    name: str
    last: InboundEvent | None


@dataclass(frozen=True)
class Progress:
    """`left` is in seconds, None while it cannot be told."""

    run: SyncRun
    percent: int
    left: int | None


@dataclass(frozen=True)
class Status:
    word: str | Promise
    reason: str
    progress: Progress | None
    pause: SyncPause | None
    last: SyncRun | None
    last_success: datetime | None
    next_at: datetime | None
    every: float
    for_sale: int
    cached: int
    stale: int
    quarantined: int
    pictures_due: int
    pictures_failed: int
    waiting: int
    moved: int
    missing: problems.Missing | None
    reserve: freshness.FreshnessWindow
    strain: str
    usage: usage_chart.Usage
    silent: list[heartbeats.Problem]
    heard: list[Heard]

    @property
    def tone(self) -> str:
        return next(tone for word, tone in TONES.items() if word is self.word)


def status() -> Status:
    run = runs.open_run()
    success = _ended("success").first()
    listed = Product.objects.filter(gone_at__isnull=True)
    cached = PrintifyCache.objects.filter(type="product", external_id__in=listed.values("printify_id"))
    usage = usage_chart.usage_today()
    quarantined = PrintifyCache.objects.filter(type="product").exclude(error="").count()
    silent, pause, missing, strain = list(_silent()), runs.paused(), problems.missing(), problems.strain()
    reserve = freshness.reserve()
    trouble = problems.worst(missing, reserve, usage, strain, quarantined)
    word, reason = _word(run, pause, success, silent, trouble)
    return Status(
        word=word,
        reason=reason,
        progress=progress(run) if run else None,
        pause=pause,
        last=_ended().first(),
        last_success=success.ended_at if success else None,
        next_at=_next(pause),
        every=settings.CATALOG_TTL_MINUTES,
        for_sale=Product.objects.for_sale().count(),
        cached=cached.count(),
        stale=cached.stale().count(),
        quarantined=quarantined,
        pictures_due=fetch.due().count(),
        pictures_failed=fetch.unfetched().exclude(error="").count(),
        waiting=FieldChange.objects.filter(state="waiting").count(),
        moved=listed.filter(override_moved=True).count(),
        missing=missing,
        reserve=reserve,
        strain=strain,
        usage=usage,
        silent=silent,
        heard=[
            Heard(source, name, InboundEvent.objects.filter(source=source).defer("payload").first())
            for source, name in SOURCES.items()
        ],
    )


def _ended(*states: str) -> QuerySet[SyncRun]:
    """Runs that were meant, the last one first."""
    rows = SyncRun.objects.filter(dry_run=False, ended_at__isnull=False, only=[]).order_by("-ended_at")
    return rows.filter(state__in=states) if states else rows.exclude(state="canceled")


Verdict = tuple[str | Promise, str]


def _word(
    run: SyncRun | None,
    pause: SyncPause | None,
    success: SyncRun | None,
    silent: list[heartbeats.Problem],
    trouble: str,
) -> Verdict:
    if run:
        return RUNNING, _running(run)
    down = HealthResult.objects.filter(name="printify", state="down").first()
    if down:
        reason = _("Printify is not answering (%(detail)s).") % {"detail": down.detail}
        return DOWN, f"{reason} {rate_card.notice()}".strip()
    if pause:
        return PAUSED, _("The timetable rests. Webhooks and checkout still read single products.")
    if success is None:
        return LATE, _("Nothing has been read from Printify yet.")
    last = _ended().first()
    if last and last.state != "success":
        return DEGRADED, last.note or _("The last run was not complete: its page says more.")
    return _age(success, silent) or ((DEGRADED, trouble) if trouble else (FRESH, _("The last run read everything.")))


def _running(run: SyncRun) -> str:
    if run.state == "queued":
        return _("Asked for; a worker takes it up within seconds.")
    return _("Nothing is written: a dry run.") if run.dry_run else _("Reading from Printify.")


def _age(success: SyncRun, silent: list[heartbeats.Problem]) -> Verdict | None:
    if silent:
        return LATE, silent[0].sentence
    limit = timedelta(minutes=2 * settings.CATALOG_TTL_MINUTES)
    if success.ended_at and timezone.now() - success.ended_at > limit:
        return LATE, _("The timetable should have read the catalogue since.")
    return None


def progress(run: SyncRun) -> Progress:
    taken = (timezone.now() - run.started_at).total_seconds()
    known = bool(run.total and run.seen)
    left = int(taken / run.seen * max(run.total - run.seen, 0)) + 1 if known and run.state == "running" else None
    return Progress(run, min(100 * run.seen // run.total, 100) if run.total else 0, left)


def _next(pause: SyncPause | None) -> datetime | None:
    """When the timetable reads next, as far as it can be told: a period after it last did."""
    last = SyncRun.objects.filter(trigger="schedule").order_by("-started_at").first()
    if pause or last is None:
        return None
    return max(last.started_at + timedelta(minutes=settings.CATALOG_TTL_MINUTES), timezone.now())


def _silent() -> Iterator[heartbeats.Problem]:
    """Only what the catalog depends on: the orders' worker has no part in it."""
    for problem in heartbeats.problems():
        if (
            problem.name == heartbeats.BEAT
            or "sync" in problem.queues
            or problem.name.startswith(f"{heartbeats.TASK_PREFIX}catalog.")
        ):
            yield problem
