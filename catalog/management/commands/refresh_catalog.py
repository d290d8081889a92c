"""`manage.py refresh_catalog`: read the catalogue from Printify now, in this process, pictures included.

With `--reindex` Printify is not asked: only the index that lists and search read is built anew.
"""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog import product_facts, shipping
from catalog.images import fetch
from catalog.models import Product
from catalog.search import index
from catalog.sync import runner, runs
from ilytat.integrations.errors import IntegrationError

PICTURES_SECONDS = 3600.0
PK_DIGITS = 18


class Command(BaseCommand):
    help = "Read the catalogue from Printify now. Ends with an error when it could not be read completely."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Say what would change, write nothing.")
        parser.add_argument("--product", metavar="ID", help="Only this product: Printify's id or ours.")
        parser.add_argument("--no-images", action="store_true", help="Leave the pictures to the worker.")
        parser.add_argument("--reindex", action="store_true", help="Only build the search index anew.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["reindex"]:
            self.stdout.write(f"search index: {index.rewrite()} products")
            return
        if options["product"]:
            self._one(options["product"], dry_run=options["dry_run"])
        else:
            self._all(dry_run=options["dry_run"])
        if not options["dry_run"] and not options["no_images"]:
            self._pictures()

    def _all(self, *, dry_run: bool) -> None:
        run = runner.run("command", dry_run=dry_run)
        if run is None:
            other = runs.running()
            raise CommandError(
                f"Another synchronisation is running since {other.started_at:%H:%M}." if other else "Busy."
            )
        for change in run.changes.exclude(error=""):
            self.stdout.write(f"  {change.printify_id or 'no id'}: {change.error}")
        self.stdout.write(f"{run.state}: {runs.summary(run)}")
        if run.state != "success":
            raise CommandError("The catalogue was not read completely.")
        if not dry_run:
            self._read_more("production times", shipping.refresh_profiles)
            self._read_more("size guides and product safety", product_facts.refresh)

    def _read_more(self, name: str, refresh: Callable[[], int]) -> None:
        try:
            self.stdout.write(f"{name}: {refresh()} read")
        except IntegrationError as error:
            self.stdout.write(f"{name}: not read ({error.detail}); the next walk asks again")

    def _one(self, key: str, *, dry_run: bool) -> None:
        ours = Product.objects.filter(pk=key).first() if key.isdecimal() and len(key) <= PK_DIGITS else None
        try:
            stored = runner.refresh_product(ours.printify_id if ours else key, dry_run=dry_run)
        except IntegrationError as error:
            raise CommandError(f"Printify: {error.detail}") from error
        if stored.product is None:
            raise CommandError(stored.error or f"Printify has no product {key} in this shop.")
        self.stdout.write(f"{stored.printify_id}: {stored.outcome} {', '.join(stored.fields)}".rstrip())
        if stored.error:
            raise CommandError(stored.error)

    def _pictures(self) -> None:
        result = fetch.fetch_due(PICTURES_SECONDS, retry=True)
        self.stdout.write(f"pictures: {result.done} fetched, {result.failed} failed, {result.left} left")
