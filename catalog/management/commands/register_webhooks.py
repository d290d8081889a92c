"""`manage.py register_webhooks`: subscribe to Printify's events for this shop's address."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from catalog import printify
from ilytat.integrations import inbox
from ilytat.integrations.errors import IntegrationError

Hook = dict[str, Any]


class Command(BaseCommand):
    help = "Subscribe to every Printify event the shop listens to; remove what earlier addresses of it left behind."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--renew", action="store_true", help="Make all anew: the only way to change PRINTIFY_WEBHOOK_SECRET."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if settings.PRINTIFY_PRINTS_FOR_REAL and not settings.SECURE:
            raise CommandError("Printify can only reach a public https address: set SITE_URL to it.")
        self.url = settings.SITE_URL + reverse("printify_webhook")
        try:
            self._register(renew=options["renew"])
        except IntegrationError as error:
            raise CommandError(f"Printify: {error.detail}") from error

    def _register(self, *, renew: bool) -> None:
        """Printify takes a second subscription of the same topic without complaint, hence the look before."""
        client = printify.client()
        wanted, kept = inbox.types("printify"), set[str]()
        for hook in client.webhooks():
            topic = str(hook.get("topic"))
            if not self._is_ours(hook):
                self.stdout.write(f"left alone: {topic} {hook.get('url')}")
            elif hook.get("url") != self.url or topic in kept or topic not in wanted or renew:
                client.delete_webhook(str(hook.get("id")), host=urlsplit(str(hook["url"])).netloc)
                self.stdout.write(f"removed: {topic} {hook['url']}")
            else:
                kept.add(topic)
        for topic in wanted:
            if topic not in kept:
                client.create_webhook(topic, self.url, settings.PRINTIFY_WEBHOOK_SECRET)
        self.stdout.write(f"{len(wanted)} topics at {self.url}: {len(kept)} were there, {len(wanted) - len(kept)} made")

    @staticmethod
    def _is_ours(hook: Hook) -> bool:
        """Whatever the host: an earlier address of this shop has the same path."""
        return urlsplit(str(hook.get("url"))).path.rstrip("/") == reverse("printify_webhook")
