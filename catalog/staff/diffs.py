"""Changes as staff read them: labels in place of ids, money written out, the margin beside the price, pictures."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from catalog.images import change_previews
from catalog.images.change_previews import Shot
from catalog.models import ProductImage, Variant
from catalog.models.curation import FieldChange
from catalog.sync import decisions
from catalog.sync.changes import FIELDS
from ilytat.pages.money import format_money

LINES_SHOWN = 12


@dataclass(frozen=True)
class Line:
    """`note` is the margin before and after, where there is one; `bad` marks a price below cost."""

    label: str
    before: str
    after: str
    note: str = ""
    bad: bool = False


@dataclass(frozen=True)
class Diff:
    change: FieldChange
    label: str | Promise
    lines: list[Line] = field(default_factory=list)
    more: int = 0
    before_shots: list[Shot] = field(default_factory=list)
    after_shots: list[Shot] = field(default_factory=list)

    @property
    def waits(self) -> bool:
        return self.change.state == FieldChange.State.WAITING

    @property
    def can_take_over(self) -> bool:
        return self.change.state in {FieldChange.State.IGNORED, FieldChange.State.DECLINED}

    @property
    def is_done(self) -> bool:
        return self.change.state in decisions.TAKEN_OVER

    @property
    def final(self) -> str:
        return decisions.why_final(self.change)


def diffs(changes: Iterable[FieldChange]) -> list[Diff]:
    """Two queries more, however many changes."""
    rows = list(changes)
    products = {row.product_id for row in rows}
    variants: dict[tuple[int, str], Variant] = {
        (row.product_id, str(row.variant_id)): row
        for row in Variant.objects.filter(product__in=products).select_related("product")
    }
    images = ProductImage.objects.filter(product__in={row.product_id for row in rows if row.field == "images"})
    present = {row.source_url: row for row in images.only("source_url", "files", "digest", "error")}
    return [_diff(row, variants, present) for row in rows]


def _diff(change: FieldChange, variants: dict[tuple[int, str], Variant], present: dict[str, ProductImage]) -> Diff:
    label = FIELDS[change.field].label if change.field in FIELDS else change.field
    if change.field == "images":
        before, after = change_previews.sides(change, present)
        more = max(len(before), len(after)) - change_previews.SHOWN
        return Diff(
            change,
            label,
            more=max(more, 0),
            before_shots=before[: change_previews.SHOWN],
            after_shots=after[: change_previews.SHOWN],
        )
    if isinstance(change.before, dict) or isinstance(change.after, dict):
        lines = _of_variants(change, variants)
    else:
        lines = [Line("", _plain(change.before), _plain(change.after))]
    return Diff(change, label, lines[:LINES_SHOWN], max(0, len(lines) - LINES_SHOWN))


def _of_variants(change: FieldChange, variants: dict[tuple[int, str], Variant]) -> list[Line]:
    """Equal changes of many variants are one line: a price that rose in forty sizes is one piece of news."""
    before, after = dict(change.before or {}), dict(change.after or {})
    labels: dict[Line, list[str]] = {}
    for key in {**before, **after}:
        row = variants.get((change.product_id, key))
        labels.setdefault(_line(change.field, row, before.get(key), after.get(key)), []).append(
            row.label if row else key
        )
    return [Line(_names(names), line.before, line.after, line.note, line.bad) for line, names in labels.items()]


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else _("%(shown)s and %(more)s more") % {"shown": shown, "more": len(names) - 3}  # noqa: PLR2004 (as many as fit a line)


def _line(name: str, row: Variant | None, before: Any, after: Any) -> Line:
    if name not in {"price", "cost"} or not isinstance(before, int) or not isinstance(after, int):
        return Line("", _plain(before), _plain(after))
    note, bad = "", False
    if row:
        price, cost = (
            ((before, after), (row.cost, row.cost)) if name == "price" else ((row.price,) * 2, (before, after))
        )
        margins = [price[at] - cost[at] for at in (0, 1)]
        note = _("margin %(before)s → %(after)s") % {
            "before": _margin(margins[0], price[0]),
            "after": _margin(margins[1], price[1]),
        }
        bad = margins[1] < 0
    return Line("", money(before), money(after), note, bad)


def _margin(margin: int, price: int) -> str:
    return f"{money(margin)} ({100 * margin // price} %)" if price else money(margin)


def money(amount: int) -> str:
    return format_money(amount, settings.SHOP_CURRENCY, "en")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return strip_tags(str(value)).strip() if value not in {None, ""} else "–"
