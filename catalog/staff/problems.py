"""What keeps the catalogue from being well although it is read: the worst of it in one sentence, for the panel."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import budget
from catalog.images import fetching
from catalog.models import PrintifyCache, Product, ProductImage, SyncChange, SyncRun
from catalog.staff.failure_causes import Cause, cause
from catalog.staff.usage_chart import Usage
from catalog.stale_limit import Reserve
from catalog.sync import disappearance
from catalog.sync.payload_fields import text
from ilytat.integrations import usage as counted
from ilytat.integrations.models import Alert

NAMED = 5


@dataclass(frozen=True)
class Missing:
    """The run whose missing products wait for a person: how many of those the shop has, and the names of some."""

    run: SyncRun
    count: int
    alive: int
    names: list[str]


@dataclass(frozen=True)
class Held:
    """A product that cannot be used as it came, and why. `product_pk` is None for one the shop never had."""

    printify_id: str
    title: str
    product_pk: int | None
    cause: Cause | None


def held() -> list[Held]:
    """Some of those in quarantine, the latest first."""
    rows = list(PrintifyCache.objects.filter(type="product").exclude(error="").order_by("-fetched_at", "-pk")[:NAMED])
    known = {row.printify_id: row for row in Product.objects.filter(printify_id__in=[row.external_id for row in rows])}
    return [_held(row, known.get(row.external_id)) for row in rows]


def _held(row: PrintifyCache, product: Product | None) -> Held:
    title = product.title if product else text(row.data, "title", 120) or row.external_id
    return Held(row.external_id, title, product.pk if product else None, cause(row.error_code))


def failing_pictures() -> list[ProductImage]:
    """Some of the pictures that could not be fetched, those of products without any picture first (`has_picture`)."""
    return list(fetching.unfetched().exclude(error="").select_related("product")[:NAMED])


def worst(missing: Missing | None, reserve: Reserve, usage: Usage, strain: str, quarantined: int) -> str:
    """The sentence, "" while nothing is wrong."""
    sentences = (
        _("Many products were missing from Printify's list: please look.") if missing else "",
        _too_old(reserve.too_old),
        usage.pause_said,
        strain,
        _today(usage),
        _unusable(quarantined),
    )
    return next(filter(None, sentences), "")


def _too_old(count: int) -> str:
    message = ngettext(
        "%(count)s product was not checked for too long and is not sold.",
        "%(count)s products were not checked for too long and are not sold.",
        count,
    )
    return message % {"count": count} if count else ""


def _unusable(count: int) -> str:
    message = ngettext(
        "%(count)s product cannot be used as it came.", "%(count)s products cannot be used as they came.", count
    )
    return message % {"count": count} if count else ""


def _today(usage: Usage) -> str:
    if usage.error_share < budget.ERROR_SHARE:
        return ""
    return _("%(share)s %% of today's calls failed; Printify asks for less than 5 %%.") % {"share": usage.error_share}


def strain() -> str:
    """What the errors of the last two hours do to the sync, "" while they do nothing."""
    recent = counted.recent(budget.KEY)
    if not budget.strained(recent):
        return ""
    message = (
        _("%(share)s %% of the last %(calls)s calls failed: the timetable starts no run until that is better.")
        if budget.hopeless(recent)
        else _("%(share)s %% of the last %(calls)s calls failed: the sync is slowed to %(slow)s calls a minute.")
    )
    return message % {
        "share": f"{recent.error_share:.0f}",
        "calls": recent.calls,
        "slow": int(budget.SLOWED.per_minute),
    }


def missing() -> Missing | None:
    if not Alert.objects.filter(key=disappearance.VANISHED, closed_at__isnull=True).exists():
        return None
    newest = SyncChange.objects.filter(outcome=disappearance.MISSING, run__dry_run=False).order_by("-run").first()
    if newest is None:
        return None
    rows = newest.run.changes.filter(outcome=disappearance.MISSING)
    names = [str(row.product or row.printify_id) for row in rows.select_related("product")[:NAMED]]
    return Missing(newest.run, rows.count(), Product.objects.filter(gone_at__isnull=True).count(), names)
