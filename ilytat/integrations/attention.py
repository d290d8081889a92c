"""What needs a person: where such rows come from and the actions that resolve them.

Each app defines its sources, `ilytat.admin` lists them, and the admin shows their rows first. An action is a plain call
that the tasks could make as well, so that pressing it twice is harmless.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.http import HttpRequest

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
class AttentionSource:
    """`rows` in one or two queries however many there are. Shown to, and pressed by, who holds `permission`."""

    name: str
    title: str
    permission: str
    rows: Callable[[], Iterable[Row]]
    actions: dict[str, Action] = field(default_factory=dict)


@dataclass(frozen=True)
class Button:
    name: str
    action: Action


@dataclass(frozen=True)
class Item:
    source: AttentionSource
    row: Row
    request: HttpRequest

    @property
    def buttons(self) -> list[Button]:
        buttons = [Button(name, self.source.actions[name]) for name in self.row.actions]
        return [each for each in buttons if may(self.request, self.source, each.action)]


def may(request: HttpRequest, source: AttentionSource, action: Action) -> bool:
    return request.user.has_perms([right for right in (source.permission, action.permission) if right])


def items(request: HttpRequest, sources: Iterable[AttentionSource]) -> list[Item]:
    """Return the rows that this person may see, oldest first."""
    visible = [source for source in sources if request.user.has_perm(source.permission)]
    rows = [Item(source, row, request) for source in visible for row in source.rows()]
    return sorted(rows, key=lambda item: item.row.since)
