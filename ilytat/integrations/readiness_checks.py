"""Setup checks that no app owns: processes, clock, backup, legal pages."""

import time
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests
from django.conf import settings

from ilytat.integrations import failure_texts, heartbeats
from ilytat.integrations.readiness import Finding
from ilytat.pages import texts

TIMEOUT_SECONDS = (3, 5)  # connect, read
CLOCK_SKEW_MAX = 60  # seconds; Stripe's signatures are refused from 300 on
BACKUP_AGE_MAX = timedelta(hours=26)  # a daily backup, and two hours for the job itself


def _processes(prefix: str) -> Finding:
    silent = [problem for problem in heartbeats.problems() if problem.name.startswith(prefix)]
    if not silent:
        return Finding("ok")
    commands = " and ".join(problem.command for problem in silent)
    return Finding("down", " ".join(problem.sentence for problem in silent), f"Start: {commands}")


def workers() -> Finding:
    return _processes("worker:")


def beat() -> Finding:
    return _processes(heartbeats.BEAT)


def clock() -> Finding:
    """Compare our clock with the Date header of Stripe's API: no key is sent, and any status has the header."""
    try:
        response = requests.head(settings.STRIPE_API_BASE, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        skew = round(abs(time.time() - parsedate_to_datetime(response.headers["Date"]).timestamp()))
    except requests.RequestException as error:
        return Finding("warn", f"Not checked: {failure_texts.no_answer('Stripe', error)}", "Run it again.")
    except (KeyError, ValueError):
        return Finding("warn", "Not checked: Stripe's answer does not say the time.", "Run it again.")
    if skew > CLOCK_SKEW_MAX:
        fix = "Turn on time synchronization (NTP) on this machine: signatures of webhooks are refused otherwise."
        return Finding("down", f"This machine's clock differs from Stripe's by {skew} s.", fix)
    return Finding("ok", f"within {skew} s of Stripe's")


def backup() -> Finding:
    if not settings.BACKUP_MARKER:
        fix = "Let the backup job touch a file when it succeeds and set BACKUP_MARKER to its path."
        return Finding("warn", "Not checked: the shop does not know when the last backup was made.", fix)
    fix = "Read the backup job's log and run it; see docs/operations.md."
    try:
        age = timedelta(seconds=time.time() - Path(settings.BACKUP_MARKER).stat().st_mtime)
    except OSError:
        return Finding("down", f"No backup has been made: {settings.BACKUP_MARKER} cannot be read.", fix)
    text = f"last backup was {heartbeats.duration_text(age)} ago"
    return Finding("down", f"The {text}.", fix) if age > BACKUP_AGE_MAX else Finding("ok", text)


def legal_pages() -> Finding:
    drafts = texts.unreviewed()
    if not drafts:
        return Finding("ok")
    fix = "Have a lawyer read them and publish the result in the admin under Pages."
    return Finding("warn", f"Still the built-in draft: {', '.join(drafts)}.", fix)
