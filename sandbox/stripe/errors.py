"""Refusals in Stripe's words and shape."""

from typing import Any


class ApiError(Exception):
    """An answer that is not 2xx.

    `kept` says whether the idempotency memory keeps it: a refusal of the parameters is forgotten, a refusal
    that work ended in is replayed.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        kept: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.kept = kept

    def body(self, request_id: str) -> dict[str, Any]:
        error = {
            "code": self.code,
            "doc_url": self.code and f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}",
            "message": self.message,
            "param": self.param,
            "request_log_url": f"https://dashboard.stripe.com/test/logs/{request_id}",
            "type": self.kind,
        }
        return {"error": {key: value for key, value in error.items() if value is not None}}


def unknown(param: str) -> ApiError:
    return ApiError(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)


def missing(param: str) -> ApiError:
    return ApiError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def empty(param: str) -> ApiError:
    message = (
        f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a"
        f" parameter; however '{param}' cannot be unset. You should remove '{param}' from your request or"
        " supply a non-empty value."
    )
    return ApiError(message, code="parameter_invalid_empty", param=param)


def invalid(message: str, param: str, *, code: str | None = None) -> ApiError:
    return ApiError(message, code=code, param=param)


def absent(noun: str, key: str, param: str, *, status: int = 400) -> ApiError:
    """404 where the path names the object, 400 where a parameter does."""
    return ApiError(f"No such {noun}: '{key}'", status=status, code="resource_missing", param=param)
