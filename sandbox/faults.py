"""Faults that can be armed by name: the trouble providers really give, on demand and counted.

A fault is {"id", "name", "kind", "times", "fired", "params"}; its name may be a pattern, "printify.*".
`times` counts down with each use, null lasts until cleared. A used-up fault is kept, with its `fired`.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from sandbox import fault_effects, store

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

# What can happen to a webhook on its way out; `deliveries` acts on these, under the name "webhooks.<sender>".
DELIVERY_KINDS = ("duplicate", "late", "reorder", "drop")


def kinds() -> tuple[str, ...]:
    """All there are; a provider's package adds those of its own shapes to `trouble.KINDS`."""
    return (*fault_effects.KINDS, *DELIVERY_KINDS)


def arm(name: str, kind: str, *, times: int | None = 1, params: dict[str, Any] | None = None) -> store.Document:
    """Raises ValueError for a kind that does not exist."""
    if kind not in kinds():
        raise ValueError(f"no fault is called {kind!r}; there are {', '.join(kinds())}")
    number = str(store.counter("fault"))
    fault = {"id": number, "name": name, "kind": kind, "times": times, "fired": 0, "params": params or {}}
    store.write("fault", number, fault)
    return fault


def listing() -> list[store.Document]:
    return store.listing("fault")


def is_armed(fault: store.Document | None) -> bool:
    return fault is not None and (fault["times"] is None or fault["times"] > 0)


def clear(number: str | None = None) -> None:
    """Forget one fault, or all of them."""
    with store.change():
        for fault in listing():
            if number in {None, fault["id"]}:
                store.remove("fault", fault["id"])


def take(name: str) -> store.Document | None:
    """The oldest armed fault for this name, used once by this call."""
    if not any(is_armed(fault) for fault in listing()):
        return None
    with store.change():
        for fault in reversed(listing()):
            if is_armed(fault) and fnmatchcase(name, fault["name"]):
                fault["fired"] += 1
                fault["times"] = None if fault["times"] is None else fault["times"] - 1
                store.write("fault", fault["id"], fault)
                return fault
    return None


def route(name: str) -> Callable[[View[P]], View[P]]:
    """Names a view: its calls are counted under the name, and faults armed for the name happen to it."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            store.counter(f"calls.{name}")
            fault = take(name)
            if fault is None:
                return view(request, *args, **kwargs)
            call = fault_effects.Call(
                provider=name.partition(".")[0],
                params=fault["params"],
                request=request,
                work=lambda: view(request, *args, **kwargs),
            )
            return fault_effects.KINDS[fault["kind"]](call)

        return wrapped

    return decorate
