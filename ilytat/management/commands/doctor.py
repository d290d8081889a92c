"""`manage.py doctor`: is this installation ready, and if not, what is to be done."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from celery import current_app
from django.conf import settings
from django.core import checks
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from ilytat.health import HEALTH_CHECKS, SETUP_CHECKS, SETUP_CHECKS_ON_REQUEST
from ilytat.integrations import failure_texts, health, readiness
from ilytat.integrations.health import Verdict
from ilytat.integrations.readiness import Finding

Row = tuple[str, Verdict | Finding]
BROKER_SECONDS = 3


class Command(BaseCommand):
    help = "Check that this installation is complete and works: settings, services, webhooks, processes, staff."
    # The checks are part of the findings: they must not stop the command before it can say so.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--round-trip",
            action="store_true",
            help="Also let Printify send a test event, and wait up to 20 seconds for it.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        down = 0
        for name, verdict in self._rows(round_trip=options["round_trip"]):
            down += verdict.state == "down"
            style = {"ok": self.style.SUCCESS, "warn": self.style.WARNING, "down": self.style.ERROR}[verdict.state]
            fix = verdict.fix if isinstance(verdict, Finding) else verdict.next_step
            text = f"{verdict.detail.rstrip('.')}. {fix}" if fix else verdict.detail
            detail = " ".join(text.split())  # a line each, whatever a provider or a check said
            self.stdout.write(f"{name:20} {style(f'{verdict.state:5}')} {detail}".rstrip())
        if down:
            raise CommandError(f"{down} of these must be fixed before the shop can work.")
        self.stdout.write("Nothing here stops the shop from working.")

    @staticmethod
    def _rows(*, round_trip: bool) -> Iterator[Row]:
        yield "settings", _settings()
        yield "database", _asked(_database)
        migrations = _asked(_migrations)
        yield "migrations", migrations
        yield "broker", _asked(_broker)
        yield "files", _asked(_files)
        if migrations.state == "down":
            yield "other checks", Verdict("warn", "not run: they need the database with all its tables")
            return
        yield from sorted(health.run_checks(HEALTH_CHECKS).items())
        findings = readiness.run_checks(SETUP_CHECKS)
        acknowledgments = readiness.acknowledgments(findings)
        for name, finding in findings.items():
            note = f" {acknowledgments[name]}." if name in acknowledgments else ""
            yield name, replace(finding, fix=f"{finding.fix}{note}")
        if round_trip:
            yield from readiness.run_checks(SETUP_CHECKS_ON_REQUEST).items()


def _asked(question: Callable[[], Verdict]) -> Verdict:
    try:
        return question()
    except Exception as error:  # noqa: BLE001 (whatever is broken is the finding)
        return Verdict("down", failure_texts.logged(error, "doctor's check failed"))


def _settings() -> Verdict:
    """Malformed ones stopped the start already; these are what Django's checks say of the rest."""
    found = checks.run_checks(include_deployment_checks=settings.PRODUCTION)
    worst = [message for message in found if message.level >= checks.ERROR and not message.is_silenced()]
    rest = [message for message in found if not message.is_silenced()]
    if worst:
        return Verdict("down", "; ".join(message.msg for message in worst)[:300])
    if rest:
        return Verdict("warn", "; ".join(message.msg for message in rest)[:300])
    return Verdict("ok", f"{settings.ENVIRONMENT}, {settings.SITE_URL}")


def _database() -> Verdict:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Verdict("ok", connection.vendor)


def _migrations() -> Verdict:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return Verdict("down", f"{len(plan)} not applied: run migrate") if plan else Verdict("ok")


def _broker() -> Verdict:
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
        return Verdict("ok", broker.transport.driver_name or broker.transport.driver_type)


def _files() -> Verdict:
    storage = storages["default"]
    name = storage.save("doctor.txt", ContentFile(b"The doctor was here."))
    storage.delete(name)
    return Verdict("ok", type(storage).__name__)
