"""The sandbox as tests meet it: a process of its own on a free port, spoken to over HTTP."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
SHOP_ID = 1001
OF_THE_SHOP = ("SHOP_URL", "PRINTIFY_API_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "EMAIL_API_KEY")
ADDRESS = {
    "first_name": "Ada",
    "last_name": "Miller",
    "email": "ada@example.com",
    "country": "US",
    "region": "NY",
    "address1": "12 Main Street",
    "address2": "",
    "city": "Troy",
    "zip": "12180",
}


@dataclass
class Sandbox:
    """`api` speaks as the shop, `control` as everybody behind the curtain."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def api(self, method: str, path: str, **more: Any) -> requests.Response:
        base = f"{self.url}/printify/" + ("" if path.startswith(("v1/", "v2/")) else f"v1/shops/{SHOP_ID}/")
        headers = {"Authorization": "Bearer token-of-the-shop"}
        return self.session.request(method, base + path, headers=headers, **{"timeout": 60, **more})

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self.session.post(f"{self.url}/control/{path}", json=body or {}, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def state(self) -> Any:
        return self.session.get(f"{self.url}/control/state", timeout=60).json()

    def arm(self, name: str, kind: str, *, times: int | None = 1, **params: Any) -> None:
        self.control("faults", {"name": name, "kind": kind, "times": times, "params": params})

    def faults(self) -> Any:
        return self.session.get(f"{self.url}/control/faults", timeout=60).json()

    def products(self) -> list[dict[str, Any]]:
        page: dict[str, Any] = self.api("GET", "products.json").json()
        return list(page["data"])

    def line(self, *, blueprint: int = 6, quantity: int = 1) -> dict[str, Any]:
        """Something that can be bought: a tee from one provider, a mug (68) from another."""
        for product in self.products():
            for variant in product["variants"]:
                if product["blueprint_id"] == blueprint and variant["is_enabled"] and variant["is_available"]:
                    return {"product_id": product["id"], "variant_id": variant["id"], "quantity": quantity}
        raise AssertionError(f"nothing of blueprint {blueprint} can be bought")

    def order(self, external_id: str = "ILY-1", **changes: Any) -> dict[str, Any]:
        return {
            "external_id": external_id,
            "label": external_id,
            "line_items": [self.line()],
            "shipping_method": 1,
            "send_shipping_notification": False,
            "address_to": ADDRESS,
            **changes,
        }

    def submit(self, external_id: str = "ILY-1", **changes: Any) -> str:
        answer = self.api("POST", "orders.json", json=self.order(external_id, **changes))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Sandbox]:
    """Names of the environment are written without their SANDBOX_, those of the shop as they are."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    mine = {"SANDBOX_URL": url, "SANDBOX_STORE": str(folder / "sandbox.sqlite3"), "SANDBOX_SPEED": "50"}
    # A closed port: what is sent to the shop by default goes nowhere.
    mine["SHOP_URL"] = "http://127.0.0.1:9"
    mine |= {name if name in OF_THE_SHOP else f"SANDBOX_{name}": value for name, value in environment.items()}
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    bind = (
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "1",
        "--threads",
        "16",
        "--no-control-socket",
        "--graceful-timeout",
        "1",
        "--keep-alive",
        "75",
    )
    command = [sys.executable, "-m", "gunicorn", "sandbox.wsgi:application", *bind]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, cwd=ROOT, env=kept | mine, stdout=log, stderr=log) as process,
    ):
        try:
            _wait(url, process, folder / "log")
            yield Sandbox(url)
        finally:
            process.terminate()


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        try:
            requests.get(f"{url}/control/state", timeout=60).raise_for_status()
        except requests.RequestException:
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the sandbox did not start: {log.read_text()}")
