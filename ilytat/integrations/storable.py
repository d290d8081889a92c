"""JSON from outside, made fit for every database."""

import math
from typing import Any

DEPTH_MAX = 40


def storable_text(words: str, limit: int) -> str:
    """The beginning of what somebody said, without what PostgreSQL cannot store."""
    return words.replace("\0", "")[:limit].encode("utf-8", "replace").decode("utf-8")


def storable_json(value: Any, depth: int = 0) -> Any:
    """The same JSON without what PostgreSQL cannot store: NUL, lone surrogates, numbers beyond a float.

    Raises ValueError when it is nested too deeply to be anything we use.
    """
    if depth > DEPTH_MAX:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return storable_text(value, len(value))
    if isinstance(value, dict):
        return {storable_json(key, depth + 1): storable_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [storable_json(item, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
