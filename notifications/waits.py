"""What a reader waits for, one by one, for the page of choices. The app that keeps it registers here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Wait:
    key: str  # names it among all that this reader waits for
    title: str
    label: str
    url: str


@dataclass(frozen=True)
class SubscriptionSource:
    """Both are asked with the reader's address; `stop` gets a key as it was posted, which may be anything."""

    listing: Callable[[str], Iterable[Wait]]
    stop: Callable[[str, str], bool]


_keepers: list[SubscriptionSource] = []


def register(keeper: SubscriptionSource) -> None:
    _keepers.append(keeper)


def of(email: str) -> list[Wait]:
    return [wait for keeper in _keepers for wait in keeper.listing(email)]


def stop(email: str, key: str) -> bool:
    """Whether the reader waited for it. Safe to repeat."""
    return any(keeper.stop(email, key) for keeper in _keepers)
