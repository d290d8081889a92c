"""`manage.py reconcile`: compare what we believe with what Stripe says, now."""

from typing import Any

from django.core.management.base import BaseCommand

from payments import reconcile


class Command(BaseCommand):
    help = "Looks at every open checkout session at Stripe and settles what nobody told us."

    def handle(self, *_args: Any, **_options: Any) -> None:
        report = reconcile.open_sessions(silent_for_minutes=0)
        self.stdout.write(f"{report.looked} open sessions looked at, {report.changed} settled, {report.failed} failed.")
