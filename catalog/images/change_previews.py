"""Pictures of a change, before and after, as staff see them: always our own copies, never the host they come from.

What a dry run or a waiting change would bring is not the shop's yet: its copies are fetched by the worker and kept
with the change (`FieldChange.copies`), as many as a page shows.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files.storage import default_storage
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.images import fetch, urls
from catalog.images.encode import Copies
from catalog.models import ProductImage
from catalog.models.curation import FieldChange
from catalog.printify.products import camera_label
from catalog.sync.writers import camera
from ilytat.integrations import leases

SHOWN = 8
COMING, FAILED, GONE = _("not fetched yet"), _("could not be fetched"), _("no longer kept")


@dataclass(frozen=True)
class Shot:
    """`src` is our own copy's address; while there is none it is "" and `why` says why. `moved`: on one side only."""

    src: str
    name: str | Promise
    why: str | Promise = ""
    moved: bool = False


def sides(change: FieldChange, present: Mapping[str, ProductImage]) -> tuple[list[Shot], list[Shot]]:
    """Before and after. `present` are the product's pictures of today by address."""
    old, new = _records(change.before), _records(change.after)
    both = _in_both(change)
    known = {_camera(each): each.get("files") or {} for each in old if _camera(each) in both}
    before = [_shot(each, each.get("files"), GONE, moved=_camera(each) not in both) for each in old]
    after = [
        _shot(each, known[_camera(each)], COMING) if _camera(each) in both else _arriving(change, each, present)
        for each in new
    ]
    return before, after


def missing(change: FieldChange) -> list[str]:
    """Addresses of those a page shows that nobody has tried to fetch. Only of what staff have yet to decide."""
    if change.field != "images" or change.state not in FieldChange.UNDECIDED:
        return []
    both = _in_both(change)
    shown = [each for each in _records(change.after)[:SHOWN] if _camera(each) not in both]
    return [url for each in shown if (url := str(each.get("url"))) not in change.copies]


def due(changes: Iterable[FieldChange]) -> bool:
    return any(missing(change) for change in changes)


def fetch_due(seconds: float) -> int:
    """Fetch for at most about `seconds`; one process at a time. Returns how many pictures were tried."""
    undecided = FieldChange.objects.filter(field="images", state__in=FieldChange.UNDECIDED)
    count, end = 0, time.monotonic() + seconds
    with leases.acquire("shots", seconds + fetch.DEADLINE + 30) as acquired:
        for change, url in _wanted(undecided.order_by("-at", "-pk").iterator()) if acquired else ():
            if time.monotonic() > end:
                break
            outcome = fetch.attempt(url)
            change.copies[url] = {"files": outcome.files} if isinstance(outcome, Copies) else {"error": outcome}
            # Unless the change has come to mean other pictures meanwhile.
            FieldChange.objects.filter(pk=change.pk, at=change.at).update(copies=change.copies)
            count += 1
    return count


def _wanted(changes: Iterable[FieldChange]) -> Iterator[tuple[FieldChange, str]]:
    return ((change, url) for change in changes for url in missing(change))


def _in_both(change: FieldChange) -> set[tuple[str, str, str]]:
    """Cameras that look at the same before and after: none when all stayed, for then the design has changed."""
    old, new = ([_camera(each) for each in _records(side)] for side in (change.before, change.after))
    return set() if old == new else set(old) & set(new)


def _arriving(change: FieldChange, record: dict[str, Any], present: Mapping[str, ProductImage]) -> Shot:
    """Fetched for this page, or in the shop since it was taken over."""
    url = str(record.get("url", ""))
    kept, row = change.copies.get(url) or {}, present.get(url)
    here = row.files if row and row.digest and change.state not in FieldChange.UNDECIDED else None
    failed = kept.get("error") or (row.error if row else "")
    return _shot(record, here or kept.get("files"), FAILED if failed else COMING, moved=True)


def _shot(record: dict[str, Any], files: Any, why: str | Promise, *, moved: bool = False) -> Shot:
    label = str(record.get("label") or camera_label(str(record.get("url", ""))))
    name = urls.VIEWS.get(label, label.replace("-", " ")) or _("picture")
    src = default_storage.url(files[min(files, key=int)]) if files else ""
    return Shot(src, name, "" if src else why, moved)


def _records(side: Any) -> list[dict[str, Any]]:
    return [each for each in side if isinstance(each, dict)] if isinstance(side, list) else []


def _camera(record: Mapping[str, Any]) -> tuple[str, str, str]:
    return camera(str(record.get("url", "")))
