"""What the catalogue brings before staff: what Printify changed and a policy holds until somebody has decided."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from catalog import freshness
from catalog.models import FieldChange, PrintifyCache, Product, SyncRun
from catalog.printify.client import printify
from catalog.staff import diffs, status
from catalog.sync import decisions
from ilytat.integrations.attention import SHOWN, Action, AttentionSource, Row
from ilytat.integrations.dashboard import Tile
from ilytat.integrations.errors import IntegrationError, NotConfigured
from ilytat.integrations.health import Verdict, failed


def _changes() -> Iterator[Row]:
    waiting = FieldChange.objects.filter(state=FieldChange.State.WAITING).select_related("product").order_by("at")
    for diff in diffs.diffs(waiting[:SHOWN]):
        change = diff.change
        what = f"Printify changed the {change.field} of {change.product.title}"
        url = reverse("admin:catalog_fieldchange_change", args=[change.pk])
        why = f"{_said(diff)} The shop shows what it had until you decide."
        yield Row(change.pk, what, why, change.at, url, actions=("approve", "decline"))


def _said(diff: diffs.Diff) -> str:
    """The first line of it; pictures are looked at on the page."""
    if not diff.lines:
        return f"{len(diff.change.before or ())} → {len(diff.change.after or ())} pictures."
    first = diff.lines[0]
    of = f"{first.label}: " if first.label else ""
    more = f", and {len(diff.lines) + diff.more - 1} more" if len(diff.lines) + diff.more > 1 else ""
    return f"{of}{_short(first.before)} → {_short(first.after)}{more}."


def _short(words: str) -> str:
    return words if len(words) <= 80 else f"{words[:77]}…"  # noqa: PLR2004 (a line of the queue)


def _approve(pk: int, who: str) -> str:
    return "Taken over." if decisions.approve(pk, _person(who)) else "It was decided already."


def _decline(pk: int, who: str) -> str:
    return "Ours stays." if decisions.decline(pk, _person(who)) else "It was decided already."


def _person(who: str) -> Any:
    return get_user_model()._default_manager.filter(email=who).first()  # noqa: SLF001 (Django's documented name)


CHANGES = AttentionSource(
    "changes",
    "Catalogue",
    "catalog.change_fieldchange",
    _changes,
    {"approve": Action("Take it over", _approve), "decline": Action("Keep ours", _decline)},
)


TONES = {"good": "good", "busy": "good", "bad": "bad"}


def catalogue() -> Tile:
    now = status.status()
    read = _("read %(ago)s ago") % {"ago": timesince(now.last_success, depth=1)} if now.last_success else now.reason
    detail = read if now.tone == "good" else now.reason
    for_sale = _("%(count)s for sale") % {"count": now.for_sale}
    return Tile(
        _("Catalogue"), now.word, f"{for_sale}; {detail}", reverse("admin:catalog_panel"), TONES.get(now.tone, "busy")
    )


MINUTES_MAX = 120
CHECK_SHOP = (
    "Set PRINTIFY_SHOP_ID to the shop's number, which changes when a store is reconnected, and restart web and workers."
)
RECONNECT = f"Reconnect the store at Printify: My stores. If its number changed: {CHECK_SHOP}"


def reachable() -> Verdict:
    """The token works, reaches our shop, and the shop is connected."""
    try:
        shops = {str(shop.get("id")): shop for shop in printify().shops()}
    except NotConfigured:
        return Verdict("warn", "no token is set: nothing can be printed")
    except IntegrationError as error:
        return failed(error)
    shop = shops.get(settings.PRINTIFY_SHOP_ID)
    if shop is None:
        numbers = ", ".join(shops) or "none"
        detail = f"Printify accepts the token, but not for shop {settings.PRINTIFY_SHOP_ID}. Its shops: {numbers}."
        return Verdict("down", detail, CHECK_SHOP)
    if shop.get("sales_channel") == "disconnected":
        detail = f"Shop {settings.PRINTIFY_SHOP_ID} is disconnected at Printify."
        return Verdict("down", detail, RECONNECT)
    return Verdict("ok", str(shop.get("title") or ""))


def recent() -> Verdict:
    """A complete walk not long ago, and nothing that is for sale too old to be sold."""
    last = SyncRun.objects.filter(state="success", dry_run=False).order_by("-ended_at").first()
    if last is None or last.ended_at is None:
        return Verdict("warn", "never synchronised", "Run manage.py refresh_catalog.")
    age, late = timezone.now() - last.ended_at, timedelta(minutes=2 * settings.CATALOG_TTL_MINUTES + 10)
    if age > freshness.limit() + timedelta(minutes=settings.CATALOG_TTL_MINUTES):
        return Verdict("down", f"last complete synchronisation {_hours(age)} ago: what is older is not sold")
    listed = Product.objects.filter(gone_at__isnull=True).values("printify_id")
    held = PrintifyCache.objects.filter(type="product", external_id__in=listed).exclude(error="").count()
    if age > late or held:
        return Verdict("warn", f"last complete synchronisation {_hours(age)} ago, {held} products in quarantine")
    return Verdict("ok", f"synchronised {_hours(age)} ago")


def _hours(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} min" if minutes < MINUTES_MAX else f"{minutes // 60} h"
