"""Stripe's form encoding: `line_items[0][price_data][currency]=usd` as nested dictionaries of strings.

A list stays a dictionary under its indices; only the shape that expects a list knows that it is one.
"""

import re
from collections.abc import Iterable
from typing import Any

from sandbox.stripe.errors import ApiError

Form = dict[str, Any]

NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
PART = re.compile(r"\[([^\[\]]*)\]")


def _steps(name: str) -> list[str]:
    found = NAME.match(name)
    return [found[1], *PART.findall(found[2])] if found else [name]


def _down(level: Form, step: str, name: str) -> Form:
    below = level.setdefault(step or str(len(level)), {})
    if not isinstance(below, dict):
        raise ApiError(f"Invalid request: {name} is given both as a value and as an object.", param=name)
    return below


def nested(pairs: Iterable[tuple[str, str]]) -> Form:
    """Raises ApiError where a name is used as a value and as an object at once."""
    form: Form = {}
    for name, value in pairs:
        *way, last = _steps(name)
        level = form
        for step in way:
            level = _down(level, step, name)
        level[last or str(len(level))] = value
    return form
