"""The whole shop as real processes on free ports, with its own database, broker and sandbox.

Tests look at it from outside: pages, JSON, the sandbox's state, `manage`, and `sql` for what no page shows.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests

from ilytat.devserver import processes
from ilytat.devserver.processes import HOST, Process
from tests.chaos import failpoint
from tests.chaos.failpoint import Failpoint
from tests.engines import Engines
from tests.stand_in import Sandbox

T = TypeVar("T")
# Long, because a wait that ends early costs nothing and CI's machines are busy.
MANAGE_SECONDS = 300
PATIENCE = 90.0
IN_HAND = "SELECT dedupe_key FROM notifications_outgoingemail WHERE state = 'new' AND lease_until IS NOT NULL"

# One visit of `manage` instead of a login page: signing in has tests of its own.
SESSION = """
from django.conf import settings
from django.contrib.auth import SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
now = timezone.now()  # a session without a click is an old one
user = get_user_model().objects.create_superuser(email="staff@ilytat.test", password="not used", last_login=now)
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print(session.session_key)
"""

# Everything that waits in the shop waits briefly here.
FAST = {
    "SWEEP_SECONDS": "0.5",
    "POLL_MINUTES": "0.02",
    "GRACE_MINUTES": "0",
    "SETTLE_SECONDS": "1",
    "LEASE_SECONDS": "8",  # a task outlives the pool's 5 s of waiting for PostgreSQL
    "HEARTBEAT_SECONDS": "1",
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
# Drawn once for all sandboxes of this machine; a drawing that changes gets another name.
MOCKUPS = str(processes.ROOT / "var" / "mockups")
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
        self.cut_off: set[str] = set()

    def _environment(self, outside: Mapping[str, str]) -> dict[str, str]:
        own = {
            "ENV_FILE": os.devnull,
            "DJANGO_SETTINGS_MODULE": "ilytat.settings",
            "ENVIRONMENT": "development",
            "SITE_URL": self.url,
            "SHOP_URL": self.url,
            "ALLOWED_HOSTS": f"{HOST},localhost",
            "SANDBOX_URL": self.sandbox.url,
            "SANDBOX_STORE": str(self.folder / "sandbox.sqlite3"),
            "SANDBOX_MOCKUPS": MOCKUPS,
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
        self.start_worker()
        self.start_beat()
        self.start_web()
        processes.wait_for_port(self.running["sandbox"], self.sandbox_port)

    def start_sandbox(self) -> None:
        self._run("sandbox", processes.sandbox_server(self.sandbox_port))

    def start_web(self, point: Failpoint | None = None) -> None:
        self._run("web", processes.web_server(self.port), point)
        # An answer, not a listener: that of a killed predecessor may be open a moment longer.
        self.wait_for(lambda: self.get("/healthz").ok, what="web")

    def start_worker(
        self, name: str = "worker", point: Failpoint | None = None, *, pool: str = "prefork", queues: str = ""
    ) -> None:
        """A second one needs another name. `queues`: all of them, or those named, separated by commas."""
        sizes = ["--concurrency", "2", "--pool", pool, "--hostname", f"{name}@stack"]
        sizes += ["-Q", queues] if queues else []
        self._run(name, processes.celery("worker", *sizes), point)

    def start_beat(self, name: str = "beat") -> None:
        self._run(name, processes.celery("beat", "--schedule", str(self.folder / name)))

    def start_command(self, name: str, *words: str, point: Failpoint | None = None) -> None:
        """`manage.py` with the stack's settings, not waited for."""
        self._run(name, [sys.executable, "-m", "django", *words], point)

    def kill(self, name: str) -> None:
        """SIGKILL to the process and its children, as when the machine dies."""
        self.running.pop(name).kill()
        self.note_mails_cut_off()

    def kill_worker(self, name: str = "worker") -> None:
        self.kill(name)

    def stop(self, name: str) -> None:
        """SIGTERM, as a deploy does."""
        self.running.pop(name).end()
        self.note_mails_cut_off()

    def freeze(self, name: str) -> None:
        """SIGSTOP to the process and its children, as when a machine swaps."""
        os.killpg(self.running[name].pid, signal.SIGSTOP)

    def wake(self, name: str) -> None:
        os.killpg(self.running[name].pid, signal.SIGCONT)

    def struck(self, name: str, point: Failpoint) -> bool:
        """Whether the process that was started with this point has met it."""
        return self._sign(name, point).exists()

    def died(self, name: str, point: Failpoint, seconds: float = PATIENCE) -> None:
        """Waits until the process has died where it should. A story whose trouble did not come fails here."""
        self.wait_for(lambda: self.struck(name, point), seconds, f"{name} to die at {point.target}")
        self.wait_for(lambda: not self.running[name].alive, what=f"{name} to be gone")
        del self.running[name]
        self.note_mails_cut_off()

    def note_mails_cut_off(self) -> None:
        """Which mails a death may have caught between the provider's yes and our note of it: these may leave twice."""
        self.cut_off |= {key for (key,) in self.sql(IN_HAND)}

    def _sign(self, name: str, point: Failpoint) -> Path:
        return self.folder / f"{name}-{point.when}-{point.target.replace(':', '.')}-{point.where}.struck"

    def close(self) -> None:
        """At once: nothing of a stack outlives its test, so nobody's last words are waited for."""
        for process in self.running.values():
            process.kill()
        self.running.clear()

    def _run(self, name: str, command: list[str], point: Failpoint | None = None) -> None:
        assert name not in self.running, f"{name} runs already"
        env = dict(self.env)
        if point:
            sign = self._sign(name, point)
            sign.unlink(missing_ok=True)
            sign.with_suffix(".calls").unlink(missing_ok=True)
            command, env = failpoint.wrapped(command), env | point.environment(sign)
        self.running[name] = Process(name, command, env, self.folder / f"{name}.log")

    def logs(self, lines: int = 40) -> str:
        """The end of what every process said."""
        said = {path.stem: path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log"))}
        return "\n".join(f"--- {name}\n" + "\n".join(t.splitlines()[-lines:]) for name, t in said.items())

    # --- looking and acting from outside -------------------------------------------------------------

    def get(self, path: str, **send: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=PATIENCE, **send)

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

    def staff_session(self) -> str:
        """The value of the cookie `sessionid` that a new superuser has."""
        return self.manage("shell", "-v0", "-c", SESSION).split()[-1]

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        return self.engines.sql(query)

    def flush_broker(self) -> None:
        """Every message that waits is gone."""
        self.engines.flush_broker()

    def wait_for(self, look: Callable[[], T], seconds: float = PATIENCE, what: str = "") -> T:
        """The first true answer of `look`, asked every 0.2 s. Fails with the logs when none comes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(requests.RequestException):
                if found := look():
                    return found
            time.sleep(0.2)
        pytest.fail(f"Waited {seconds:.0f} s in vain{' for ' + what if what else ''}.\n{self.logs()}")
