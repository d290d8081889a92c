"""What keeps the catalogue from being well although it is read: the worst of it in one sentence, for the panel."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.freshness import FreshnessWindow
from catalog.images import fetch
from catalog.models import PrintifyCache, Product, ProductImage, SyncChange, SyncRun
from catalog.printify import rate_budget
from catalog.printify.errors import FailureCode
from catalog.printify.fields import text
from catalog.staff.usage_chart import Usage
from catalog.sync import removed
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


Text = str | Promise


@dataclass(frozen=True)
class Cause:
    name: Text
    means: Text
    fix: Text


CAUSES: dict[FailureCode, Cause] = {
    FailureCode.NO_TITLE: Cause(
        gettext_lazy("No title"),
        gettext_lazy("Printify sent the product without a title."),
        gettext_lazy("Open it in Printify, give it a title, save, and retry."),
    ),
    FailureCode.NO_PRICE: Cause(
        gettext_lazy("No price"),
        gettext_lazy("A variant that is on sale has no price we could charge."),
        gettext_lazy("Open it in Printify, set the price of every variant that is switched on, save, and retry."),
    ),
    FailureCode.DUPLICATE_VARIANT: Cause(
        gettext_lazy("Listed twice"),
        gettext_lazy("Two variants have the same number, so an order could mean either."),
        gettext_lazy("Save the product in Printify once more; if it stays, copy it there and delete the old one."),
    ),
    FailureCode.INCOMPLETE: Cause(
        gettext_lazy("Incomplete"),
        gettext_lazy("The answer lacked what makes a product: its number or its variants."),
        gettext_lazy("Usually over by itself: retry in some minutes. If it stays, ask Printify's support."),
    ),
    FailureCode.RATE_LIMITED: Cause(
        gettext_lazy("Too many calls"),
        gettext_lazy("Printify or our own budget asked for a pause."),
        gettext_lazy("Nothing is wrong with the product. Retry in a minute."),
    ),
    FailureCode.ACCESS_DENIED: Cause(
        gettext_lazy("No permission"),
        gettext_lazy("Printify does not accept our key for this."),
        gettext_lazy("Check PRINTIFY_API_KEY (tokens end after a year) and its scopes, then retry."),
    ),
    FailureCode.NO_ANSWER: Cause(
        gettext_lazy("Printify did not answer"),
        gettext_lazy("Their side or the network had trouble. Nothing in the shop has changed."),
        gettext_lazy("Retry in some minutes; the timetable tries by itself as well."),
    ),
    FailureCode.UNREADABLE: Cause(
        gettext_lazy("Unreadable"),
        gettext_lazy("Part of what was sent cannot be stored safely."),
        gettext_lazy("Save the product in Printify once more and retry."),
    ),
    FailureCode.UNEXPECTED: Cause(
        gettext_lazy("Unexpected"),
        gettext_lazy("The product came in a way we did not foresee. Its last good version is still shown."),
        gettext_lazy("Try again; if it stays, send what is below to whoever looks after the shop."),
    ),
}


def cause(code: str) -> Cause | None:
    """Return what a stored code means. None where nothing went wrong."""
    return CAUSES[FailureCode(code)] if code else None


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
    return list(fetch.unfetched().exclude(error="").select_related("product")[:NAMED])


def worst(missing: Missing | None, reserve: FreshnessWindow, usage: Usage, strain: str, quarantined: int) -> str:
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
    if usage.error_share < rate_budget.ERROR_SHARE:
        return ""
    return _("%(share)s %% of today's calls failed; Printify asks for less than 5 %%.") % {"share": usage.error_share}


def strain() -> str:
    """What the errors of the last two hours do to the sync, "" while they do nothing."""
    recent = counted.recent(rate_budget.KEY)
    if not rate_budget.is_degraded(recent):
        return ""
    message = (
        _("%(share)s %% of the last %(calls)s calls failed: the timetable starts no run until that is better.")
        if rate_budget.is_failing(recent)
        else _("%(share)s %% of the last %(calls)s calls failed: the sync is slowed to %(slow)s calls a minute.")
    )
    return message % {
        "share": f"{recent.error_share:.0f}",
        "calls": recent.calls,
        "slow": int(rate_budget.SLOWED.per_minute),
    }


def missing() -> Missing | None:
    if not Alert.objects.filter(key=removed.VANISHED, closed_at__isnull=True).exists():
        return None
    newest = SyncChange.objects.filter(outcome=removed.MISSING, run__dry_run=False).order_by("-run").first()
    if newest is None:
        return None
    rows = newest.run.changes.filter(outcome=removed.MISSING)
    names = [str(row.product or row.printify_id) for row in rows.select_related("product")[:NAMED]]
    return Missing(newest.run, rows.count(), Product.objects.filter(gone_at__isnull=True).count(), names)
