"""The one shape of a JSON error."""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """Raised by API views: `code` is for programs, the message for people, `fields` names what was wrong where."""

    def __init__(self, status: int, code: str, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.fields = fields


def body(code: str, message: str, fields: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "fields": dict(fields or {})}}
