"""Are these parameters ones that Stripe knows? Judged by the types of the installed library, or by Stripe's own
description. What is judged is what went over the wire: a form, so every leaf is text.
"""

import re
import sys
import types
from collections.abc import Iterator
from typing import Any, ForwardRef, Literal, Union, cast, get_args, get_origin
from urllib.parse import parse_qsl

from stripe._request_options import RequestOptions

Form = dict[str, Any]


def nested(encoded: str) -> Form:
    """name[inner][0]=x as {"name": {"inner": {"0": "x"}}}."""
    found: Form = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True, strict_parsing=bool(encoded)):
        *path, last = re.findall(r"[^\[\]]+", name)
        at = found
        for step in path:
            at = at.setdefault(step, {})
        at[last] = value
    return found


# --- the library's types -----------------------------------------------------------------------------------


def unlike_type(value: Any, hint: Any, *, home: str = "", path: str = "") -> list[str]:
    """What the type does not allow, each with its place; [] when all is known and of the right kind."""
    bare = _bare(hint, home)
    if hasattr(bare, "__required_keys__"):  # a TypedDict of whichever module
        return list(_unlike_dict(value, bare, path))
    arms, origin = get_args(bare), get_origin(bare)
    if origin in {Union, types.UnionType}:
        return min((unlike_type(value, arm, home=home, path=path) for arm in _strict(arms)), key=len)
    if origin is list:
        return _each(value, lambda x, at: unlike_type(x, arms[0], home=home, path=at), path)
    if origin is Literal:
        return [] if value in arms else [f"{path} is {value!r}, not one of {sorted(map(str, arms))}"]
    return _unlike_leaf(value, bare if origin is None else dict, path)


def _bare(hint: Any, home: str) -> Any:
    """Without quotes, Required and NotRequired."""
    while isinstance(hint, str | ForwardRef) or "Required" in str(get_origin(hint)):
        words = hint if isinstance(hint, str) else getattr(hint, "__forward_arg__", "")
        # The library's own annotations, in the module they stand in.
        hint = eval(words, vars(sys.modules[home])) if words else get_args(hint)[0]  # noqa: S307
    return hint


def _strict(arms: tuple[Any, ...]) -> tuple[Any, ...]:
    """Beside named values `str` stands for what may come later: we say what is known today."""
    named = any(get_origin(arm) is Literal for arm in arms)
    return tuple(arm for arm in arms if arm is not str or not named)


def _unlike_dict(value: Any, hint: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is not a group"
        return
    known = {name: kind for name, kind in hint.__annotations__.items() if name not in RequestOptions.__annotations__}
    for name in sorted(value.keys() - known.keys()):
        yield f"{path}.{name} is unknown"
    for name in sorted(hint.__required_keys__ - value.keys()):
        yield f"{path}.{name} is missing"
    for name in value.keys() & known.keys():
        yield from unlike_type(value[name], known[name], home=hint.__module__, path=f"{path}.{name}")


def _each(value: Any, judge: Any, path: str) -> list[str]:
    if not isinstance(value, dict) or not all(key.isdecimal() for key in value):
        return [f"{path} is not a list"]
    return [words for key, item in value.items() for words in judge(item, f"{path}[{key}]")]


LEAVES = {int: r"-?\d+", bool: "true|false", float: r"-?\d+(\.\d+)?"}


def _unlike_leaf(value: Any, kind: Any, path: str) -> list[str]:
    if isinstance(value, dict) or kind is dict:  # a dictionary's keys and values are the shop's own (metadata)
        return [] if isinstance(value, dict) and kind is dict else [f"{path} is not {kind.__name__}"]
    good = re.fullmatch(LEAVES.get(kind, ".*"), value, re.DOTALL)
    return [] if good else [f"{path} is {value!r}, not {kind.__name__}"]


# --- Stripe's description ------------------------------------------------------------------------------------

KINDS = {"integer": int, "boolean": bool, "number": float, "string": str}


def unlike_schema(value: Any, schema: dict[str, Any], path: str = "") -> list[str]:
    if "anyOf" in schema:
        return min((unlike_schema(value, one, path) for one in schema["anyOf"]), key=len)
    kind = schema.get("type", "object")
    if kind == "array":
        return _each(value, lambda x, at: unlike_schema(x, schema["items"], at), path)
    if kind == "object":
        return list(_unlike_object(value, schema, path))
    if "enum" in schema and value not in map(str, schema["enum"]):
        return [f"{path} is {value!r}, not one of {schema['enum']}"]
    long = isinstance(value, str) and len(value) > schema.get("maxLength", sys.maxsize)
    return [f"{path} is too long"] if long else _unlike_leaf(value, cast("Any", KINDS[kind]), path)


def _unlike_object(value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is not a group"
        return
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name, item in value.items():
        if name in known:
            yield from unlike_schema(item, known[name], f"{path}.{name}")
        elif others is False:
            yield f"{path}.{name} is unknown"
    for name in sorted(set(schema.get("required", ())) - value.keys()):
        yield f"{path}.{name} is missing"
