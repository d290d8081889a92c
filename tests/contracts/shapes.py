"""What a document looks like without its values: "line_items[].cost" → {"int"}. Null fits any kind."""

from collections.abc import Iterator
from typing import Any

Shape = dict[str, set[str]]


def _paths(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        yield at, "group"
        for name, inner in value.items():
            yield from _paths(inner, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        yield at, "list"
        for inner in value:
            yield from _paths(inner, f"{at}[]")
    else:
        yield at, "" if value is None else type(value).__name__


def shape(*documents: Any) -> Shape:
    """The places of all the documents together, each with the kinds of what stands there."""
    found: Shape = {}
    for document in documents:
        for path, kind in _paths(document):
            found.setdefault(path, set()).update({kind} - {""})
    return found


def unlike(ours: Any, *theirs: Any, loose: tuple[str, ...] = ()) -> list[str]:
    """Where ours says more than theirs, or says it otherwise. Saying less is fine; `loose` beginnings are let off."""
    mine, known = shape(ours), shape(*theirs)
    return [
        f"{path}: {', '.join(sorted(kinds)) or 'null'} where {', '.join(sorted(known.get(path, {'nothing'})))} is known"
        for path, kinds in sorted(mine.items())
        if not path.startswith(loose or ("\0",))
        and (path not in known or (kinds and known[path] and not kinds & known[path]))
    ]
