"""A handle on a running sandbox: what it has seen, and the trouble it shall make."""

from collections.abc import Mapping
from typing import Any

import requests

SECONDS = 60


class Sandbox:
    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self._session.request(method, self.url + path, json=body, timeout=SECONDS)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content else None

    def state(self) -> dict[str, Any]:
        """Orders, sessions, refunds, mails, deliveries and calls, as `GET /control/state` tells them."""
        found: dict[str, Any] = self._call("GET", "/control/state")
        return found

    def mails(self) -> list[dict[str, Any]]:
        """What was accepted, whole, newest first."""
        found: list[dict[str, Any]] = self._call("GET", "/inbox.json")
        return found

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Any button of the control page, by its address."""
        return self._call("POST", path, body or {})

    def arm(self, name: str, kind: str, *, times: int | None = 1, params: Mapping[str, Any] | None = None) -> str:
        """`times=None` lasts until cleared. Returns the fault's id, for `fired`."""
        fault = {"name": name, "kind": kind, "times": times, "params": dict(params or {})}
        return str(self.post("/control/faults", fault)["id"])

    def fired(self, fault: str) -> int:
        """How often an armed fault has happened: a test of trouble asserts that there was trouble."""
        return next(int(row["fired"]) for row in self._call("GET", "/control/faults") if row["id"] == fault)

    def clear(self) -> None:
        self._call("DELETE", "/control/faults")

    def reset(self) -> None:
        """Everything gone, the catalogue as new."""
        self.post("/control/reset")
