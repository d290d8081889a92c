"""How the synchronisation stands, in one word with its reason: for the staff's card above the list of runs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from catalog import images, runs
from catalog.models import PrintifyCache, Product, SyncRun
from ilytat.integrations.models import ApiUsage, InboundEvent, Lease

HEARTBEAT_LATE = timedelta(minutes=5)
WEBHOOKS_SHOWN = 5


@dataclass(frozen=True)
class Beat:
    name: str
    at: datetime | None
    late: bool


@dataclass(frozen=True)
class Status:
    """`error_share` is in percent; Printify asks for less than 5."""

    word: str
    reason: str
    running: SyncRun | None
    last_success: datetime | None
    for_sale: int
    cached: int
    stale: int
    quarantined: int
    pictures_due: int
    pictures_failed: int
    calls: int
    errors: int
    error_share: float
    beats: list[Beat]
    events: list[InboundEvent]


def status() -> Status:
    runs.close_dead()
    success = SyncRun.objects.filter(state="success", dry_run=False).order_by("-ended_at").first()
    word, reason = _word(success)
    listed = Product.objects.filter(gone_at__isnull=True).values("printify_id")
    cached = PrintifyCache.objects.filter(type="product", external_id__in=listed)
    calls, errors = _usage()
    return Status(
        word=word,
        reason=reason,
        running=runs.running(),
        last_success=success.ended_at if success else None,
        for_sale=Product.objects.for_sale().count(),
        cached=cached.count(),
        stale=cached.stale().count(),
        quarantined=PrintifyCache.objects.filter(type="product").exclude(error="").count(),
        pictures_due=images.due().count(),
        pictures_failed=images.due(retry=True).exclude(error="").count(),
        calls=calls,
        errors=errors,
        error_share=round(100 * errors / calls, 1) if calls else 0.0,
        beats=_beats(),
        events=list(InboundEvent.objects.filter(source="printify")[:WEBHOOKS_SHOWN]),
    )


def _word(success: SyncRun | None) -> tuple[str, str]:
    running = runs.running()
    if running:
        return "running", f"{running.seen} of {running.total} products read so far."
    last = SyncRun.objects.filter(dry_run=False).exclude(state="running").first()
    if last is None:
        return "never run", "Nothing has been read from Printify yet."
    if last.state != "success":
        return last.state, last.note or "The log says more."
    late = timedelta(minutes=2 * settings.CATALOG_TTL_MINUTES)
    if success and success.ended_at and timezone.now() - success.ended_at > late:
        return "late", "The timetable should have read the catalogue since: do worker and beat run?"
    return "up to date", "The last run read everything."


def _usage() -> tuple[int, int]:
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    found = ApiUsage.objects.filter(integration="printify", hour=hour).aggregate(
        calls=Sum("calls"), errors=Sum("errors")
    )
    return found["calls"] or 0, found["errors"] or 0


def _beats() -> list[Beat]:
    seen = dict(Lease.objects.filter(name__in=("worker", "beat")).values_list("name", "beat_at"))
    now = timezone.now()
    return [
        Beat(name, at, at is None or now - at > HEARTBEAT_LATE)
        for name in ("worker", "beat")
        for at in [seen.get(name)]
    ]
