"""What the catalogue brings before staff: what Printify changed and a policy holds until somebody has decided."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse

from catalog.models import FieldChange
from catalog.staff import diffs
from catalog.sync import decisions
from ilytat.integrations import attention
from ilytat.integrations.attention import SHOWN, Action, Row, Source


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


attention.register(
    Source(
        "changes",
        "Catalogue",
        "catalog.change_fieldchange",
        _changes,
        {"approve": Action("Take it over", _approve), "decline": Action("Keep ours", _decline)},
    )
)
