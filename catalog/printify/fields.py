"""Single values from Printify's JSON: taken when they can be trusted, refused or replaced when not.

Schemas drift (RELIABILITY D9), so every reader says for itself whether a missing or strange value matters.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from catalog.printify.errors import FailureCode
from ilytat.integrations import storable as outside

# Stripe takes no larger amount, and a price beyond it is a mistake at the source.
AMOUNT_MAX = 99_999_999
# What XML cannot hold: one of these in one title would spoil the whole feed.
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
DIGITS_MAX = 16  # what a float and a browser still count exactly


class Unreadable(Exception):
    """One object from Printify cannot be used; the reason is for staff. Others of its page are not concerned."""

    def __init__(self, code: FailureCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def storable(value: Any) -> Any:
    """What every database can store. Raises Unreadable."""
    try:
        return outside.storable_json(value)
    except ValueError as error:
        raise Unreadable(FailureCode.UNREADABLE, "nested too deeply") from error


def text(data: Mapping[str, Any], name: str, limit: int) -> str:
    """A string of at most `limit` characters, "" for anything that is none."""
    value = data.get(name)
    return UNWRITABLE.sub("", value).strip()[:limit] if isinstance(value, str) else ""


def whole(value: Any) -> int | None:
    """A whole number, also one written as a string or a float; None for anything else, and for 19.99."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        stripped = value.strip()
        return int(stripped) if stripped.isascii() and stripped.isdigit() and len(stripped) < DIGITS_MAX else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else None
    return value if isinstance(value, int) and abs(value) < 2**53 else None


def amount(value: Any) -> int | None:
    """Minor units: a whole number from 0 up to what a shop can charge, else None."""
    number = whole(value)
    return number if number is not None and 0 <= number <= AMOUNT_MAX else None


def small(data: Mapping[str, Any], name: str) -> int:
    """A whole number that fits a column, 0 for anything else."""
    number = whole(data.get(name))
    return number if number is not None and 0 <= number < 2**31 else 0


def flag(data: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """True and false as JSON, 1 and 0, or words; `default` when missing or null."""
    value = data.get(name)
    if value is None:
        return default
    return value.strip().lower() not in {"", "0", "false", "no"} if isinstance(value, str) else bool(value)


def moment(data: Mapping[str, Any], name: str) -> datetime | None:
    """Printify writes "2025-08-04 04:28:01+00:00"; a time without a zone is UTC. None where UTC has no such time."""
    try:
        found = datetime.fromisoformat(text(data, name, 40))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def objects(data: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """The objects of a list; nothing when it is missing, null or another shape."""
    value = data.get(name)
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def part(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the object under this name, {} when it is missing or another shape."""
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def numbers(value: Any) -> tuple[int, ...]:
    """The whole numbers of a list."""
    found = [whole(item) for item in value] if isinstance(value, list) else []
    return tuple(number for number in found if number is not None)
