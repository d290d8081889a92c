"""How the catalogue and its source are: asked by the beat, read by the admin and by /healthz/deep."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from catalog import printify, stale_limit
from catalog.models import PrintifyCache, Product, SyncRun
from ilytat.integrations.errors import IntegrationError, NotConfigured
from ilytat.integrations.health import Verdict, failed, register

MINUTES_MAX = 120
CHECK_SHOP = (
    "Set PRINTIFY_SHOP_ID to the shop's number, which changes when a store is reconnected, and restart web and workers."
)
RECONNECT = f"Reconnect the store at Printify: My stores. If its number changed: {CHECK_SHOP}"


@register("printify")
def reachable() -> Verdict:
    """The token works, reaches our shop, and the shop is connected."""
    try:
        shops = {str(shop.get("id")): shop for shop in printify.client().shops()}
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


@register("catalogue")
def recent() -> Verdict:
    """A complete walk not long ago, and nothing that is for sale too old to be sold."""
    last = SyncRun.objects.filter(state="success", dry_run=False).order_by("-ended_at").first()
    if last is None or last.ended_at is None:
        return Verdict("warn", "never synchronised", "Run manage.py refresh_catalog.")
    age, late = timezone.now() - last.ended_at, timedelta(minutes=2 * settings.CATALOG_TTL_MINUTES + 10)
    if age > stale_limit.limit() + timedelta(minutes=settings.CATALOG_TTL_MINUTES):
        return Verdict("down", f"last complete synchronisation {_hours(age)} ago: what is older is not sold")
    listed = Product.objects.filter(gone_at__isnull=True).values("printify_id")
    held = PrintifyCache.objects.filter(type="product", external_id__in=listed).exclude(error="").count()
    if age > late or held:
        return Verdict("warn", f"last complete synchronisation {_hours(age)} ago, {held} products in quarantine")
    return Verdict("ok", f"synchronised {_hours(age)} ago")


def _hours(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} min" if minutes < MINUTES_MAX else f"{minutes // 60} h"
