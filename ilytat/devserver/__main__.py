"""The orchestrator: prepares, starts sandbox, web, worker and beat as processes, fills the catalogue, waits, ends all.

PORT (8000) and SANDBOX_PORT (8001) say where. Every line printed is for the person who typed `make run`.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

import django
from django.core.management import CommandError, call_command

from ilytat.devserver import environment, ports, processes
from ilytat.devserver.processes import Process

Step = Callable[[], object]
PICTURE_SECONDS = 40.0


class Stopped(BaseException):
    """A signal asked us to end: no error, but everything must be unwound."""


def _stop(number: int, _frame: object) -> NoReturn:
    if number != signal.SIGALRM:
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not cut the tidying up short
    # Python swallows what is raised while it collects garbage: then once more, until `main` has heard it.
    signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    raise Stopped


def say(line: str = "") -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def timed(words: str, step: Step) -> None:
    say(f"  {words} …")
    start = time.monotonic()
    step()
    took = time.monotonic() - start
    if took > 1:
        say(f"  {words}: {took:.0f} s")


def prepare() -> None:
    from ilytat.devserver import preparation  # late: Django must be set up

    timed("tables", preparation.make_tables)
    timed("static files", preparation.collect_static)
    timed("broker", preparation.make_broker)
    password = environment.staff_password()
    timed("staff login", lambda: preparation.make_staff(environment.STAFF_EMAIL, password))


def start(names: Sequence[str], env: dict[str, str], ports: tuple[int, int], running: list[Process]) -> None:
    """Each is added to `running` as it starts, so that a signal in between leaves none behind."""
    commands = {
        "sandbox": processes.sandbox_server(ports[1]),
        "web": processes.web_server(ports[0]),
        "worker": processes.celery("worker", "--concurrency", "2"),
        "beat": processes.celery("beat"),
    }
    for name in names:
        process = Process(name, commands[name], env, environment.LOGS / f"{name}.log")
        running.append(process)


def fill() -> None:
    """A real sync over HTTP, once; the webhooks each time, because the ports may be others today."""
    from ilytat.devserver import preparation  # late: Django must be set up

    timed("webhooks", lambda: call_command("register_webhooks"))
    first = not preparation.is_filled()
    if first:
        timed("catalogue, from the sandbox", lambda: call_command("refresh_catalog", no_images=True))
    preparation.ask_for_pictures()
    if first:
        timed("pictures", wait_for_pictures)


def wait_for_pictures() -> None:
    """Until every product has one, but not for ever: the shop can be used meanwhile, the rest follows."""
    from ilytat.devserver import preparation  # late: Django must be set up

    end, shown = time.monotonic() + PICTURE_SECONDS, -1
    while time.monotonic() < end:
        there, wanted = preparation.pictured()
        if there == wanted:
            return
        if there // 10 != shown:
            shown = there // 10
            say(f"    {there} of {wanted} products have theirs")
        time.sleep(0.5)
    say("    the rest will follow")


def watch(running: list[Process]) -> NoReturn:
    """Until a signal comes, or one of them ends by itself."""
    while all(process.alive for process in running):
        time.sleep(0.5)
    dead = next(process for process in running if not process.alive)
    raise RuntimeError(f"{dead.name} ended by itself. Its last words:\n{dead.last_words()}")


def open_shop(env: dict[str, str], ports: tuple[int, int], running: list[Process]) -> NoReturn:
    say("Preparing")
    environment.empty_logs()
    start(["sandbox"], env, ports, running)
    os.environ.clear()
    os.environ.update(env, DJANGO_SETTINGS_MODULE="ilytat.settings")
    django.setup()
    prepare()
    processes.wait_for_port(running[0], ports[1])
    env |= environment.learn_mail_key(env)
    say("Starting web, worker and beat")
    start(["web", "worker", "beat"], env, ports, running)
    processes.wait_for_port(running[1], ports[0])
    fill()
    say(f"""
The shop is open.  Ctrl-C closes it.

  Shop          {env["SITE_URL"]}/
  Sandbox       {env["SANDBOX_URL"]}/   (stands in for Printify, Stripe and SendGrid; mails: /inbox/)
  Staff         {env["SITE_URL"]}/admin/   {environment.STAFF_EMAIL}   {environment.staff_password()}
  Logs          var/log/
""")
    watch(running)


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    running: list[Process] = []
    try:
        where = ports.chosen()
        open_shop(environment.prepare(*where), where, running)
    except Stopped:
        signal.setitimer(signal.ITIMER_REAL, 0)
        say("\nClosing")
        return 0
    except (RuntimeError, CommandError) as error:
        say(str(error))
        return 1
    finally:
        processes.end_all(running)


if __name__ == "__main__":
    sys.exit(main())
