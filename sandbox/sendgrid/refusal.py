"""Refusals in SendGrid's shape."""

from typing import Any


class RefusedError(Exception):
    """An answer that is not 2xx; `field` is the path of what was wrong, as SendGrid spells it."""

    def __init__(self, message: str, field: str | None = None, *, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.status = status

    def body(self) -> dict[str, Any]:
        return {"errors": [{"message": self.message, "field": self.field, "help": None}]}
