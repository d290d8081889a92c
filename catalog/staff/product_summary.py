"""A product at a glance for staff: what is shown beside what Printify says, what waits, who ordered it."""

from typing import Any

from django.conf import settings
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from catalog.models import PrintifyCache, Product
from catalog.staff import diffs
from catalog.sync import overrides

CHANGES_SHOWN = ORDERS_SHOWN = 6
APP = "https://printify.com/app/product-details/"


def card(product: Product) -> dict[str, Any]:
    """`sides` is [(label, shown, Printify's)], `orders` [(id, number)] of paid ones, the newest first."""
    upstream = overrides.facts(product)
    rows = product.field_changes.exclude(state="preview").select_related("product")[:CHANGES_SHOWN]
    # Upwards by the reverse relation: orders know of products, not the other way round.
    lines = product.orderline_set.filter(order__state="paid")
    return {
        "product": product,
        "sides": _sides(product, upstream),
        "overrides": overrides.overrides(product, upstream),
        "changes": diffs.diffs(rows),
        "cache": PrintifyCache.objects.filter(type="product", external_id=product.printify_id).defer("data").first(),
        "publishing": _publishing(product, upstream),
        "orders": lines.order_by("-order").values_list("order_id", "order__number").distinct()[:ORDERS_SHOWN],
        "old_slugs": list(product.old_slugs.values_list("slug", flat=True)),
        "printify_url": f"{APP}{product.printify_id}",
    }


def _sides(product: Product, said: Any) -> list[tuple[str, str, str]]:
    prices = [each.price for each in said.variants if each.is_enabled] if said else []
    pairs = [
        (_("Title"), product.title, said.title if said else ""),
        (_("Description"), _words(product.description), _words(said.description) if said else ""),
        (
            _("Price"),
            _range(product.price_from, product.price_to),
            _range(min(prices, default=None), max(prices, default=None)),
        ),
        (_("Tags"), ", ".join(product.tags), ", ".join(said.tags) if said else ""),
        (
            _("Visible"),
            _("yes") if product.visible else _("no"),
            (_("yes") if said.visible else _("no")) if said else "",
        ),
        (_("Address"), settings.SITE_URL + product.get_absolute_url(), ""),
    ]
    return [(str(label), ours, theirs or "–") for label, ours, theirs in pairs]


def _words(html: str) -> str:
    return strip_tags(html).strip()[:240]


def _range(low: int | None, high: int | None) -> str:
    if low is None or high is None:
        return "–"
    return diffs.money(low) if low == high else f"{diffs.money(low)} – {diffs.money(high)}"


def _publishing(product: Product, said: Any) -> str:
    if product.is_locked:
        return _("Publishing in Printify: the shop answers within minutes.")
    if product.gone_at:
        return _("No longer listed by Printify.")
    return _("Not locked: it can be edited in Printify.") if said else _("Nothing usable is kept of it.")
