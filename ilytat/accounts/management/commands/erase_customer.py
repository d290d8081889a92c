"""`erase_customer ADDRESS`: what the buyer's own button does, for wishes that come by letter or telephone.

After a backup was restored: print the list from the newer database with `--list`, keep it beside the backups, and go
through it with `--again FILE`. The list holds fingerprints; only addresses that are in the restored data can match.
"""

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ilytat.accounts import privacy as wishes
from ilytat.accounts.models import Erasure
from ilytat.integrations import privacy
from ilytat.integrations.email import normalize_email


class Command(BaseCommand):
    help = "Delete what the shop keeps of a person, as soon as nothing of theirs is open."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", nargs="?")
        parser.add_argument("--list", action="store_true", help="print the fingerprints of who was erased")
        parser.add_argument("--again", metavar="FILE", type=Path, help="erase those again, after a restore")

    def handle(self, *_: Any, email: str | None, again: Path | None, **options: Any) -> None:
        if options["list"]:
            self.stdout.write("\n".join(Erasure.objects.filter(state="done").values_list("fingerprint", flat=True)))
        elif again:
            known = set(again.read_text().split())
            self._erase([one for one in privacy.addresses() if privacy.fingerprint(one) in known])
        elif email:
            self._erase([_normalized(email)])
        else:
            raise CommandError("Whom? Give an e-mail address, --list or --again FILE.")

    def _erase(self, emails: list[str]) -> None:
        for email in emails:
            wish = wishes.ask(email)
            self.stdout.write("erased" if wish.state == "done" else f"waiting: {wish.last_error or wish.reason}")


def _normalized(email: str) -> str:
    try:
        return normalize_email(email)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
