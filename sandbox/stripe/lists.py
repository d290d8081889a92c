"""Lists: newest first, a page at a time by cursor."""

from typing import Any

from sandbox.store import Document
from sandbox.stripe import errors
from sandbox.stripe.api import Call
from sandbox.stripe.session_shapes import EXPAND
from sandbox.stripe.shapes import Fields, Shape, Text, Whole

USUAL, MOST = 10, 100
BOUNDS = {name: Whole() for name in ("gt", "gte", "lt", "lte")}


class Created:
    """A moment, or bounds: created=… or created[gte]=…"""

    def read(self, value: Any, path: str) -> dict[str, int]:
        if isinstance(value, str):
            moment = Whole().read(value, path)
            return {"gte": moment, "lte": moment}
        bounds: dict[str, int] = Fields(dict(BOUNDS)).read(value, path)
        return bounds


PAGE: dict[str, Shape] = {
    "ending_before": Text(),
    "expand": EXPAND,
    "limit": Whole(1, MOST),
    "starting_after": Text(),
}


def shape(*filters: str) -> Fields:
    """`created` and the cursors, and the fields named, compared as they are."""
    return Fields({**PAGE, "created": Created(), **{name: Text() for name in filters}})


def _within(thing: Document, bounds: dict[str, int]) -> bool:
    at: int = thing["created"]
    return (
        at > bounds.get("gt", -1)
        and at >= bounds.get("gte", 0)
        and at < bounds.get("lt", at + 1)
        and at <= bounds.get("lte", at)
    )


def matching(things: list[Document], call: Call, *fields: str) -> list[Document]:
    wanted = {name: call.params[name] for name in fields if name in call.params}
    return [
        thing
        for thing in things
        if thing.get("livemode", call.livemode) == call.livemode
        and _within(thing, call.params.get("created", {}))
        and all(thing[name] == value for name, value in wanted.items())
    ]


def page(things: list[Document], call: Call) -> Document:
    """Raises ApiError for a cursor that is not in the list."""
    limit = call.params.get("limit", USUAL)
    start, end = 0, len(things)
    if "starting_after" in call.params:
        start = _place(things, call, "starting_after") + 1
        rest = things[start:end]
        chosen = rest[:limit]
    elif "ending_before" in call.params:
        rest = things[: _place(things, call, "ending_before")]
        chosen = rest[-limit:]
    else:
        rest, chosen = things, things[:limit]
    return {"object": "list", "data": chosen, "has_more": len(rest) > len(chosen), "url": call.path}


def _place(things: list[Document], call: Call, cursor: str) -> int:
    name = call.params[cursor]
    for index, thing in enumerate(things):
        if thing["id"] == name:
            return index
    raise errors.absent("object", name, cursor)
