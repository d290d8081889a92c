"""`translations` takes new sentences into locale/ and compiles; `translations --check` says what is not translated."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ilytat.pages import message_catalogs


class Command(BaseCommand):
    help = "Collect the sentences marked for translation and compile what is translated."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Change nothing; fail when a sentence is missing.")

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        if check:
            self._check()
            return
        for language in message_catalogs.languages():
            waiting = message_catalogs.update(language)
            message_catalogs.write_compiled(language)
            self.stdout.write(f"{language}: {waiting} to translate in {message_catalogs.po_file(language).name}")

    def _check(self) -> None:
        complaints = [
            line for language in message_catalogs.languages() for line in message_catalogs.complaints(language)
        ]
        for line in complaints:
            self.stdout.write(line)
        if complaints:
            self.stdout.write("Run make translations, fill in the empty ones under locale/, and run it again.")
            sys.exit(1)
