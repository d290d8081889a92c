"""The memory behind Idempotency-Key: the first answer under a key is the answer for a day."""

import hashlib
import json
from typing import Any

from sandbox import clock, store
from sandbox.store import Document
from sandbox.stripe.errors import ApiError
from sandbox.stripe.kinds import REPLAY

LONGEST, KEPT_SECONDS = 255, 24 * 60 * 60


def fingerprint(params: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()


def check(key: str) -> None:
    if len(key) > LONGEST:
        raise ApiError(f"Idempotency-Key must be at most {LONGEST} characters.")


def recall(key: str, path: str, params: dict[str, Any], *, livemode: bool) -> Document | None:
    """The first answer: {"status", "body", "request_id"}. Raises ApiError when the key meant something else."""
    first = store.read(REPLAY, _place(key, livemode=livemode))
    if first is None or first["at"] < clock.now() - KEPT_SECONDS:
        return None
    if first["path"] != path:
        words = "Keys for idempotent requests can only be used for the same endpoint they were first used for"
        raise ApiError(f"{words} ('{first['path']}' vs '{path}').", kind="idempotency_error")
    if first["fingerprint"] != fingerprint(params):
        words = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with."
            f" Try using a key other than '{key}' if you meant to execute a different request."
        )
        raise ApiError(words, kind="idempotency_error")
    return first


def remember(
    key: str, path: str, params: dict[str, Any], *, livemode: bool, status: int, body: Document, request_id: str
) -> None:
    first = {
        "at": clock.now(),
        "path": path,
        "fingerprint": fingerprint(params),
        "status": status,
        "body": body,
        "request_id": request_id,
    }
    store.write(REPLAY, _place(key, livemode=livemode), first)


def _place(key: str, *, livemode: bool) -> str:
    return f"{'live' if livemode else 'test'} {key}"
