"""What `make run` promises: secrets of its own, one clear line for a port in use, nothing left behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from ilytat.devserver import environment, ports, processes
from ilytat.devserver.processes import HOST, ROOT, Process
from tests.ilytat.test_house import tracked
from tests.ilytat.test_settings import settings_in
from tests.ports import free_port

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""
FAMILY = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}])
print(child.pid, flush=True)
child.wait()
"""


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


# --- settings ------------------------------------------------------------------------------------------


def test_its_settings_start_the_shop() -> None:
    found = settings_in(environment.compose(8000, 8001, {}))

    assert (found["ENVIRONMENT"], found["STRIPE_LIVE"]) == ("development", False)
    assert found["PRINTIFY_API_BASE"] == "http://127.0.0.1:8001/printify"


def test_secrets_are_made_once_for_each_installation() -> None:
    first, other = environment.compose(8000, 8001, {}), environment.compose(8000, 8001, {})
    again = environment.compose(9000, 9001, first)
    secret = [name for name in first if first[name] != other[name]]

    assert set(secret) >= {"SECRET_KEY", "STRIPE_SECRET_KEY", "STAFF_PASSWORD", "API_TOKEN"}
    assert [again[name] for name in secret] == [first[name] for name in secret]
    assert again["SITE_URL"] == "http://127.0.0.1:9000"


def test_keys_of_real_accounts_in_the_shell_are_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_" + "real")
    monkeypatch.setenv("PRINTIFY_API_BASE", "https://api.printify.com")
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("GRACE_MINUTES", "7")

    composed = {**environment._outside(), **environment.compose(8000, 8001, {})}

    assert composed["STRIPE_SECRET_KEY"].startswith("sk_test_")
    assert "PRINTIFY_API_BASE" not in composed
    assert (composed["ENVIRONMENT"], composed["GRACE_MINUTES"]) == ("development", "7")


# --- ports ---------------------------------------------------------------------------------------------


def test_a_port_in_use_gets_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((HOST, 0)) as holder:
        port = holder.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        with pytest.raises(RuntimeError, match=rf"^Port {port} is in use: .*PORT=… make run$"):
            ports.chosen()


def test_make_adds_no_second_line_to_it() -> None:
    with socket.create_server((HOST, 0)) as holder:
        words = [f"PY={sys.executable}", "VENV=no-such-folder", f"PORT={holder.getsockname()[1]}"]
        outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        told = subprocess.run(
            ["make", "-o", "no-such-folder/.sandbox", "run", *words],
            check=False,
            env=outside,
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
    assert told.returncode == 2
    assert told.stderr.splitlines()[1:] == []
    assert "is in use: stop what holds it, or choose another: PORT=… make run.  Stop." in told.stderr


@pytest.mark.parametrize("value", ["eight", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SANDBOX_PORT", value)
    monkeypatch.setenv("PORT", str(free_port()))

    with pytest.raises(RuntimeError, match=f"SANDBOX_PORT={value} is not a port"):
        ports.chosen()


# --- processes -----------------------------------------------------------------------------------------


def started(tmp_path: Path, code: str) -> Process:
    process = Process("probe", [sys.executable, "-c", code], os.environ, tmp_path / "probe.log")
    end = time.monotonic() + 60
    while "ready" not in process.log.read_text() and time.monotonic() < end:
        time.sleep(0.02)
    return process


def test_a_process_that_will_not_end_is_ended(tmp_path: Path) -> None:
    process = started(tmp_path, STUBBORN)
    began = time.monotonic()

    process.end(patience=0.3)

    assert not process.alive
    assert time.monotonic() - began < 30


def test_children_go_with_their_parent(tmp_path: Path) -> None:
    process = started(tmp_path, FAMILY)
    child = next(int(word) for word in process.log.read_text().split() if word.isdigit())
    assert alive(child)

    process.kill()

    end = time.monotonic() + 30
    while alive(child) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(child)


def test_one_that_cannot_start_says_why(tmp_path: Path) -> None:
    process = Process("web", [sys.executable, "-c", "raise SystemExit('no such shop')"], os.environ, tmp_path / "l")

    with pytest.raises(RuntimeError, match=r"web did not start on port \d+:\n  web \| no such shop"):
        processes.wait_for_port(process, free_port())


# --- the whole -----------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project as a clone has it, with a var/ of its own."""
    for path in tracked():
        target = tmp_path / "clone" / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path / "clone"


@pytest.mark.story
@pytest.mark.needs("sqlite")  # the demo has a database of its own, whichever the tests have: once is enough
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_ctrl_c_leaves_no_process_behind(copy: Path) -> None:
    port, sandbox_port = free_port(), free_port()
    outside = {name: value for name, value in os.environ.items() if name not in environment.TUNED}
    env = {**outside, "PORT": str(port), "SANDBOX_PORT": str(sandbox_port)}
    run = subprocess.Popen([sys.executable, "-m", "ilytat.devserver"], cwd=copy, env=env, stdout=subprocess.DEVNULL)
    try:
        wait_for_page(f"http://{HOST}:{port}/", run)
        assert len(mine(copy)) >= 5
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == 0
    finally:
        run.kill()

    assert mine(copy) == []
    assert processes.is_free(port)
    assert processes.is_free(sandbox_port)
    assert (copy / "var" / "demo.env").stat().st_mode & 0o077 == 0


def wait_for_page(url: str, run: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 180
    while run.poll() is None and time.monotonic() < end:
        with suppress(requests.RequestException):
            if requests.get(url, timeout=30).ok:
                return
        time.sleep(0.2)
    pytest.fail(f"no page, exit {run.poll()}")


def mine(folder: Path) -> list[str]:
    """The commands of processes at work in the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == folder:
                found.append((process / "cmdline").read_text())
    return found
