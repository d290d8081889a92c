"""Files that nothing shows any more: removed, but only after they have been of no use for a while.

Storage and rows are compared; a file without a row that names it is noted with the day, and goes when its time is
over. Mails show JPEGs for long after the shop has changed its pictures.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from django.core.files.storage import default_storage
from django.utils import timezone

from catalog.images.encode import MAILS, PAGES, mail_name
from catalog.models import FieldChange, ProductImage, UnusedFile

KEEP = {PAGES: timedelta(days=14), MAILS: timedelta(days=200)}
CHUNK = 500

Names = Callable[[], Iterable[str]]
_keepers: list[Names] = []


def keeper(names: Names) -> Names:
    """Register what else shows files: a function that names them as they are stored."""
    _keepers.append(names)
    return names


@keeper
def _pictures() -> Iterator[str]:
    for files in ProductImage.objects.values_list("files", flat=True).iterator():
        yield from files.values()


@keeper
def _history() -> Iterator[str]:
    """Staff may still take a change of pictures back."""
    for before in FieldChange.objects.filter(field="images").values_list("before", flat=True).iterator():
        for entry in before if isinstance(before, list) else []:
            yield from (entry.get("files") or {}).values() if isinstance(entry, dict) else ()


@keeper
def _undecided() -> Iterator[str]:
    """Pictures that staff are shown before they decide."""
    rows = FieldChange.objects.filter(field="images", state__in=FieldChange.UNDECIDED)
    for copies in rows.values_list("copies", flat=True).iterator():
        for entry in copies.values():
            yield from (entry.get("files") or {}).values()


def sweep() -> int:
    """Compare, note, remove. Returns how many files went. Harmless to repeat and to interrupt."""
    used = _used()
    return sum(_sweep(folder, used, keep) for folder, keep in KEEP.items())


def discard(digest: str) -> int:
    """Staff deleted a picture: its files go at once, in every width there ever was, and mails lose it.

    What an order or another product shows stays. Returns how many files went.
    """
    used = _used()
    stem = f"{PAGES}/{digest[:2]}/{digest}-"
    widths = (name for names in _stored(PAGES, digest[:2]) for name in names if name.startswith(stem))
    gone = [name for name in (*widths, mail_name(f"{stem}0.webp")) if name not in used]
    for name in gone:
        default_storage.delete(name)
    UnusedFile.objects.filter(name__in=gone).delete()
    return len(gone)


def _used() -> set[str]:
    pages = {name for names in _keepers for name in names()}
    return pages | {mail_name(name) for name in pages if name.startswith(f"{PAGES}/")}


def _sweep(folder: str, used: set[str], keep: timedelta) -> int:
    count = 0
    for names in _stored(folder):
        idle = [name for name in names if name not in used]
        UnusedFile.objects.filter(name__in=[name for name in names if name in used]).delete()
        UnusedFile.objects.bulk_create([UnusedFile(name=name) for name in idle], ignore_conflicts=True)
        over = UnusedFile.objects.filter(name__in=idle, since__lt=timezone.now() - keep)
        count += sum(_remove(row) for row in over)
    return count


def _remove(row: UnusedFile) -> bool:
    """Unless somebody has just found a use for it."""
    if not UnusedFile.objects.filter(pk=row.pk).delete()[0]:
        return False
    default_storage.delete(row.name)
    return True


def _stored(folder: str, only: str = "") -> Iterator[list[str]]:
    """The names under a folder, some at a time. A folder that was never made is empty."""
    for part in [only] if only else _listed(folder)[0]:
        files = _listed(f"{folder}/{part}")[1]
        names = [f"{folder}/{part}/{file}" for file in files]
        for start in range(0, len(names), CHUNK):
            yield names[start : start + CHUNK]


def _listed(folder: str) -> tuple[list[str], list[str]]:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []
    return folders, files
