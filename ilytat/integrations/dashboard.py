"""The figures on staff's first page. Each app registers its own; the page shows those the person may see."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise

Words = str | Promise


@dataclass(frozen=True)
class Tile:
    """One figure and what stands behind it. `tone` is good, busy or bad; `url` leads to the rows it counts."""

    title: Words
    figure: Words
    detail: Words
    url: str
    tone: str = "good"


@dataclass(frozen=True)
class _Place:
    rank: int
    permission: str
    tile: Callable[[], Tile]


_places: list[_Place] = []


def register(rank: int, permission: str) -> Callable[[Callable[[], Tile]], Callable[[], Tile]]:
    """Lower ranks stand first. The tile is asked for on every load: a few queries, and no provider."""

    def add(tile: Callable[[], Tile]) -> Callable[[], Tile]:
        _places.append(_Place(rank, permission, tile))
        return tile

    return add


def tiles(request: HttpRequest) -> list[Tile]:
    allowed = [place for place in _places if request.user.has_perm(place.permission)]
    return [place.tile() for place in sorted(allowed, key=lambda place: place.rank)]
