"""Who subscribes to a provider's webhooks, for `manage.py register_webhooks`: each app registers its provider."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol
from urllib.parse import urlsplit


class Subscribe(Protocol):
    def __call__(self, *, renew: bool) -> Iterable[str]:
        """Subscribe and say what was done, a line each, as it is done. Raises IntegrationError.

        `renew` creates every subscription again, for a new secret.
        """


_providers: dict[str, Subscribe] = {}


def register(name: str) -> Callable[[Subscribe], Subscribe]:
    def add(subscribe: Subscribe) -> Subscribe:
        _providers[name] = subscribe
        return subscribe

    return add


def providers() -> Iterator[tuple[str, Subscribe]]:
    yield from sorted(_providers.items())


def address(url: str) -> tuple[str, str]:
    """Return host and path, by which a subscription is recognized as this shop's."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", url
    return parts.netloc.lower(), parts.path.rstrip("/")
