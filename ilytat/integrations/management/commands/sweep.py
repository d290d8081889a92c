"""`manage.py sweep`: work on everything that is due, in this process, without Celery."""

from typing import Any

from django.core.management.base import BaseCommand

from ilytat.integrations import jobs

ROUNDS_MAX = 400  # batches a queue: a row that is due again at once must not keep the command for ever


class Command(BaseCommand):
    help = "Work on all rows that are due: webhooks, orders to print, refunds, mails. For machines without a worker."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for queue in jobs.queues():
            looked = self._empty(queue.name)
            resting = queue.model._default_manager.filter(state=jobs.ATTENTION).count()  # noqa: SLF001 (Django's own)
            self.stdout.write(f"{queue.name:12} {looked:5} worked on, {resting} need attention")

    @staticmethod
    def _empty(name: str) -> int:
        looked = 0
        for _ in range(ROUNDS_MAX):
            found = jobs.work_due(name)
            looked += found
            if not found:
                break
        return looked
