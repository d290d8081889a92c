"""What a parameter may look like. `read` turns the form's strings into values or raises Stripe's refusal."""

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol
from urllib.parse import urlsplit

from sandbox.stripe import errors
from sandbox.stripe.errors import ApiError

EMAIL = re.compile(r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s.,;<>]+$")
MOST_METADATA, LONGEST_KEY, LONGEST_VALUE = 50, 40, 500


class Shape(Protocol):
    def read(self, value: Any, path: str) -> Any: ...


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise errors.invalid("Invalid string: expected a string, got an object", path)
    if not value:
        raise errors.empty(path)
    return value


class Anything:
    """Known to Stripe, of no consequence here."""

    def read(self, value: Any, path: str) -> Any:  # noqa: ARG002 -- the protocol's signature
        return value


@dataclass(frozen=True)
class Text:
    longest: int = 5000

    def read(self, value: Any, path: str) -> str:
        text = _text(value, path)
        if len(text) > self.longest:
            message = f"Invalid string: {text[:12]}…; must be at most {self.longest} characters"
            raise errors.invalid(message, path, code="parameter_invalid_string")
        return text


@dataclass(frozen=True)
class Whole:
    least: int = 0
    most: int = 10**12

    def read(self, value: Any, path: str) -> int:
        text = _text(value, path)
        # ASCII digits only: int() would also take "1_000", " 7" and other scripts' digits.
        if not re.fullmatch(r"-?[0-9]{1,15}", text):
            raise errors.invalid(f"Invalid integer: {text}", path, code="parameter_invalid_integer")
        number = int(text)
        if number < self.least:
            words = f"This value must be greater than or equal to {self.least}."
            raise errors.invalid(words, path, code="parameter_invalid_integer")
        if number > self.most:
            raise errors.invalid(f"This value must be less than or equal to {self.most}.", path)
        return number


class Fraction:
    """A decimal number; kept as the string it came as."""

    def read(self, value: Any, path: str) -> str:
        text = _text(value, path)
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise errors.invalid(f"Invalid decimal: {text}", path) from None
        if not number.is_finite() or number < 0:
            raise errors.invalid(f"Invalid non-negative decimal: {text}", path)
        return text


class Flag:
    def read(self, value: Any, path: str) -> bool:
        if value not in {"true", "false"}:
            raise errors.invalid(f"Invalid boolean: {value}", path)
        return bool(value == "true")


class Choice:
    def __init__(self, *options: str) -> None:
        self.options = options

    def read(self, value: Any, path: str) -> str:
        text = _text(value, path)
        if text not in self.options:
            name = path.rsplit("[", 1)[-1].rstrip("]")
            listed = ", ".join(self.options[:-1]) + (" or " if self.options[1:] else "") + self.options[-1]
            raise errors.invalid(f"Invalid {name}: must be one of {listed}", path)
        return text


class Country:
    """Two capital letters; these are the ones Checkout does not ship to."""

    UNSUPPORTED = frozenset(
        {"AS", "CX", "CC", "CU", "HM", "IR", "KP", "MH", "FM", "NF", "MP", "PW", "SD", "SY", "UM", "VI"}
    )

    def read(self, value: Any, path: str) -> str:
        text = _text(value, path)
        if not re.fullmatch(r"[A-Z]{2}", text) or text in self.UNSUPPORTED:
            raise errors.invalid(f"Invalid {path}: {text} is not a supported country", path)
        return text


class Currency:
    def read(self, value: Any, path: str) -> str:
        text = _text(value, path).lower()
        if not re.fullmatch(r"[a-z]{3}", text):
            raise errors.invalid(f"Invalid currency: {text}.", path)
        return text


class Url:
    def read(self, value: Any, path: str) -> str:
        text = _text(value, path)
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not parts.netloc or re.search(r"\s", text):
            raise errors.invalid("Not a valid URL", path, code="url_invalid")
        return text


class Email:
    def read(self, value: Any, path: str) -> str:
        text = _text(value, path)
        if not EMAIL.match(text):
            raise errors.invalid(f"Invalid email address: {text}", path, code="email_invalid")
        return text


class Metadata:
    """At most 50 pairs, keys of 40 and values of 500 characters. A value may be empty: it unsets the key."""

    def read(self, value: Any, path: str) -> dict[str, str]:
        if value == "":
            return {}
        if not isinstance(value, dict):
            raise errors.invalid("Invalid object", path)
        if len(value) > MOST_METADATA:
            raise errors.invalid(f"You cannot have more than {MOST_METADATA} metadata keys.", path)
        for key, text in value.items():
            self._check(str(key), text, path)
        return value

    def _check(self, key: str, text: Any, path: str) -> None:
        if not isinstance(text, str):
            raise errors.invalid("Metadata values must be strings", f"{path}[{key}]")
        if len(key) > LONGEST_KEY:
            raise errors.invalid(f"Metadata keys can have up to {LONGEST_KEY} characters: {key}", path)
        if len(text) > LONGEST_VALUE:
            words = f"Metadata values can have up to {LONGEST_VALUE} characters, but you passed in a value"
            raise errors.invalid(f"{words} that is {len(text)} characters.", f"{path}[{key}]")


@dataclass(frozen=True)
class Many:
    shape: Shape
    most: int = 1000
    least: int = 0

    def read(self, value: Any, path: str) -> list[Any]:
        if not isinstance(value, dict) or not all(str(key).isdecimal() for key in value):
            raise errors.invalid("Invalid array", path)
        ordered = [value[key] for key in sorted(value, key=int)]
        if not self.least <= len(ordered) <= self.most:
            raise errors.invalid(f"Array {path} must have between {self.least} and {self.most} entries.", path)
        return [self.shape.read(entry, f"{path}[{index}]") for index, entry in enumerate(ordered)]


@dataclass(frozen=True)
class Fields:
    known: dict[str, Shape]
    needs: tuple[str, ...] = field(default=())

    def read(self, value: Any, path: str = "") -> dict[str, Any]:
        if not isinstance(value, dict):
            raise errors.invalid("Invalid object", path)
        for name in value:
            if name not in self.known:
                raise errors.unknown(_inside(path, name))
        for name in self.needs:
            if name not in value:
                raise errors.missing(_inside(path, name))
        return {name: self.known[name].read(entry, _inside(path, name)) for name, entry in value.items()}


def _inside(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def only_one(fields: dict[str, Any], names: tuple[str, str], path: str) -> None:
    """Exactly one of two that exclude each other."""
    given = [name for name in names if name in fields]
    if not given:
        raise errors.missing(_inside(path, names[0]))
    if len(given) > 1:
        raise ApiError(f"You may only specify one of these parameters: {', '.join(names)}.", param=path or None)
