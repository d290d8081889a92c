"""`manage.py reconcile`: compare what we believe with what Stripe and Printify say, now."""

from typing import Any

from django.core.management.base import BaseCommand

from payments import checkout, reconciliation


class Command(BaseCommand):
    help = "Settles open sessions, then compares Stripe, our orders and Printify: every difference is named."

    def handle(self, *_args: Any, **_options: Any) -> None:
        report = checkout.refresh_open_sessions(silent_for_minutes=0)
        self.stdout.write(
            f"{report.checked} open sessions looked at, {report.changed} settled, {report.failed} failed."
        )
        made = reconciliation.run()
        for row in made.differences.all():
            mark = "explained" if row.explained else "UNEXPLAINED"
            self.stdout.write(f"{mark}: {row.kind} {row.reference}: {row.explanation} -> {row.action}")
        for problem in made.problems:
            self.stdout.write(f"not compared: {problem}")
        self.stdout.write(", ".join(f"{count} {what}" for what, count in made.looked.items()) + " looked at.")
        self.stdout.write(f"{made.differences.filter(explained=False).count()} unexplained")
