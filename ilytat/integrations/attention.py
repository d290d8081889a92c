"""What needs a person. Each app registers where such rows come from and the actions that resolve them; the admin shows
them first. An action is a plain call that the tasks could make as well, so that pressing it twice is harmless.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Min, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from ilytat.integrations import jobs

SHOWN = 50  # of each source: more than that is one incident, not fifty


@dataclass(frozen=True)
class Row:
    """One thing that waits. `costs` is what it costs, in words for staff; `actions` names actions of its source."""

    pk: int
    what: str
    why: str
    since: datetime
    url: str
    costs: str = ""
    actions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Action:
    """A button. `run` gets the row's pk and who pressed; it returns what happened, in a sentence."""

    label: str
    run: Callable[[int, str], str]
    final: bool = False  # money or goods move: the button says so
    permission: str = ""  # beside that of the source


@dataclass(frozen=True)
class Source:
    """`rows` in one or two queries however many there are. Shown to, and pressed by, who holds `permission`."""

    name: str
    title: str
    permission: str
    rows: Callable[[], Iterable[Row]]
    actions: dict[str, Action] = field(default_factory=dict)


_sources: dict[str, Source] = {}


def register(source: Source) -> Source:
    _sources[source.name] = source
    return source


def source(name: str) -> Source | None:
    return _sources.get(name)


def sources() -> Iterator[Source]:
    return iter(tuple(_sources.values()))


@dataclass(frozen=True)
class Button:
    name: str
    action: Action


@dataclass(frozen=True)
class Item:
    source: Source
    row: Row
    request: HttpRequest

    @property
    def buttons(self) -> list[Button]:
        buttons = [Button(name, self.source.actions[name]) for name in self.row.actions]
        return [each for each in buttons if may(self.request, self.source, each.action)]


def may(request: HttpRequest, source: Source, action: Action) -> bool:
    return request.user.has_perms([right for right in (source.permission, action.permission) if right])


def items(request: HttpRequest) -> list[Item]:
    """All that waits and this person may see, oldest first."""
    allowed = [each for each in _sources.values() if request.user.has_perm(each.permission)]
    found = [Item(each, row, request) for each in allowed for row in each.rows()]
    return sorted(found, key=lambda item: item.row.since)


@dataclass(frozen=True)
class Lag:
    """A queue whose oldest due row has waited `seconds`."""

    name: str
    seconds: int


def lags() -> Iterator[Lag]:
    """One query a queue."""
    now = timezone.now()
    for queue in jobs.queues():
        due: QuerySet[Any] = queue.model.due(now)
        oldest = due.aggregate(oldest=Min("next_at"))["oldest"]
        if oldest is not None:
            yield Lag(queue.name, int((now - oldest).total_seconds()))
