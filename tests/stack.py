"""The whole shop as real processes on free ports, with its own database, broker and sandbox.

Tests look at it from outside: pages, JSON, the sandbox's state, `manage`, and `sql` for what no page shows.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests

from ilytat.demo import processes
from ilytat.demo.processes import HOST, Process
from tests.engines import Engines
from tests.stand_in import Sandbox

T = TypeVar("T")
MANAGE_SECONDS = 180

# Everything that waits in the shop waits briefly here.
FAST = {
    "SWEEP_SECONDS": "0.5",
    "POLL_MINUTES": "0.02",
    "GRACE_MINUTES": "0",
    "SETTLE_SECONDS": "1",
    "LEASE_SECONDS": "6",
    "CATALOG_TTL_MINUTES": "600",
    "SANDBOX_SPEED": "20",
}
KEYS = {
    "SECRET_KEY": "for-stacks-" * 6,
    "API_TOKEN": "api-token-for-stacks",
    "PRINTIFY_API_KEY": "printify-key-for-stacks",
    "PRINTIFY_SHOP_ID": "1001",
    "PRINTIFY_WEBHOOK_SECRET": "printify-webhook-secret-for-stacks",
    "STRIPE_SECRET_KEY": "sk_test_" + "forstacks",
    "STRIPE_PUBLIC_KEY": "pk_test_" + "forstacks",
    "STRIPE_WEBHOOK_SECRET": "whsec_" + "forstacks",
    "EMAIL_API_KEY": "SG." + "for-stacks",
    "STAFF_ALERTS_TO": "staff@ilytat.test",
}
HEARD = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONDONTWRITEBYTECODE")


class Stack:
    """`start` brings all up, `close` ends all by id; in between each process can be killed and started again."""

    def __init__(self, folder: Path, ports: tuple[int, int], engines: Engines, outside: Mapping[str, str]) -> None:
        self.folder = folder
        self.port, self.sandbox_port = ports
        self.engines = engines
        self.url = f"http://{HOST}:{self.port}"
        self.sandbox = Sandbox(f"http://{HOST}:{self.sandbox_port}")
        self.env = self._environment(outside)
        self.running: dict[str, Process] = {}

    def _environment(self, outside: Mapping[str, str]) -> dict[str, str]:
        own = {
            "ENV_FILE": os.devnull,
            "ENVIRONMENT": "development",
            "SITE_URL": self.url,
            "SHOP_URL": self.url,
            "ALLOWED_HOSTS": f"{HOST},localhost",
            "SANDBOX_URL": self.sandbox.url,
            "SANDBOX_STORE": str(self.folder / "sandbox.sqlite3"),
            "MEDIA_ROOT": str(self.folder / "media"),
            "DATABASE_URL": self.engines.database_url,
            "CELERY_BROKER_URL": self.engines.broker_url,
            "REDIS_URL": self.engines.cache_url,
            "LOG_LEVEL": "INFO",
            "LOG_JSON": "off",
        }
        heard = {name: value for name, value in outside.items() if name in HEARD}
        return {**heard, **KEYS, **FAST, **own}

    # --- processes ---------------------------------------------------------------------------------

    def start(self) -> None:
        self.start_sandbox()
        self.start_web()
        self.start_worker()
        self.start_beat()
        self._wait_for("sandbox", self.sandbox_port)
        self._wait_for("web", self.port)

    def start_sandbox(self) -> None:
        self._run("sandbox", processes.sandbox_server(self.sandbox_port))

    def start_web(self) -> None:
        self._run("web", processes.web_server(self.port))

    def start_worker(self, name: str = "worker") -> None:
        """A second one needs another name."""
        self._run(name, processes.celery("worker", "--concurrency", "2", "--hostname", f"{name}@stack"))

    def start_beat(self, name: str = "beat") -> None:
        self._run(name, processes.celery("beat", "--schedule", str(self.folder / name)))

    def kill(self, name: str) -> None:
        """SIGKILL to the process and its children, as when the machine dies."""
        self.running.pop(name).kill()

    def kill_worker(self, name: str = "worker") -> None:
        self.kill(name)

    def stop(self, name: str) -> None:
        """SIGTERM, as a deploy does."""
        self.running.pop(name).end()

    def close(self) -> None:
        """At once: nothing of a stack outlives its test, so nobody's last words are waited for."""
        for process in self.running.values():
            process.kill()
        self.running.clear()

    def _run(self, name: str, command: list[str]) -> None:
        assert name not in self.running, f"{name} runs already"
        self.running[name] = Process(name, command, self.env, self.folder / f"{name}.log")

    def _wait_for(self, name: str, port: int) -> None:
        processes.wait_for_port(self.running[name], port)

    def logs(self, lines: int = 40) -> str:
        """The end of what every process said."""
        said = {path.stem: path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log"))}
        return "\n".join(f"--- {name}\n" + "\n".join(t.splitlines()[-lines:]) for name, t in said.items())

    # --- looking and acting from outside -------------------------------------------------------------

    def get(self, path: str, **send: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=30, **send)

    def manage(self, *words: str, check: bool = True) -> str:
        """`manage.py` with the stack's settings. Fails the test when the command does, unless `check=False`."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=processes.ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=MANAGE_SECONDS,
            check=False,
        )
        if check and done.returncode:
            pytest.fail(f"manage.py {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        return self.engines.sql(query)

    def flush_broker(self) -> None:
        """Every message that waits is gone."""
        self.engines.flush_broker()

    def wait_for(self, look: Callable[[], T], seconds: float = 30.0, what: str = "") -> T:
        """The first true answer of `look`, asked every 0.2 s. Fails with the logs when none comes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(requests.RequestException):
                if found := look():
                    return found
            time.sleep(0.2)
        pytest.fail(f"Waited {seconds:.0f} s in vain{' for ' + what if what else ''}.\n{self.logs()}")
