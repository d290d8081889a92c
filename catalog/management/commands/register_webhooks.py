"""`manage.py register_webhooks`: subscribe to the events of Printify and Stripe for this shop's address."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from catalog import printify
from catalog.webhook_subscriptions import url
from ilytat.integrations import inbox, webhook_subscriptions
from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.webhook_subscriptions import address


class Command(BaseCommand):
    help = "Subscribe to every event the shop handles, at Printify and Stripe. Other addresses are left alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--renew",
            action="store_true",
            help="Create every subscription again: the only way to change the secrets.",
        )
        parser.add_argument(
            "--replace",
            metavar="URL",
            default="",
            help="An earlier SITE_URL, such as https://old.example: its subscriptions at Printify are removed.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if settings.PRINTIFY_PRINTS_FOR_REAL and not settings.SECURE:
            raise CommandError("Printify can only reach a public https address: set SITE_URL to it.")
        self.url = url()
        self.own_addresses = {address(self.url)}
        if options["replace"]:
            self.own_addresses.add(_earlier_address(options["replace"]))
        try:
            self._register(renew=options["renew"])
        except IntegrationError as error:
            raise CommandError(f"Printify: {error.detail}") from error
        for provider, subscribe in webhook_subscriptions.providers():
            try:
                for line in subscribe(renew=options["renew"]):
                    self.stdout.write(line)
            except IntegrationError as error:
                raise CommandError(f"{provider}: {error.detail}") from error

    def _register(self, *, renew: bool) -> None:
        """Printify accepts a second subscription of the same topic and address, so the existing ones are read first.

        Another host with the same path may be a staging copy at the same Printify shop: it keeps its subscriptions.
        """
        client = printify.client()
        wanted, kept = inbox.types("printify"), set[str]()
        for hook in client.webhooks():
            topic, hook_url = str(hook.get("topic")), str(hook.get("url"))
            if address(hook_url) not in self.own_addresses:
                self.stdout.write(f"left alone: {topic} {hook_url}")
            elif hook_url != self.url or topic in kept or topic not in wanted or renew:
                client.delete_webhook(str(hook.get("id")), host=urlsplit(hook_url).netloc)
                self.stdout.write(f"removed: {topic} {hook_url}")
            else:
                kept.add(topic)
        for topic in wanted:
            if topic not in kept:
                client.create_webhook(topic, self.url, settings.PRINTIFY_WEBHOOK_SECRET)
        self.stdout.write(f"{len(wanted)} topics at {self.url}: {len(kept)} were there, {len(wanted) - len(kept)} made")


def _earlier_address(site_url: str) -> tuple[str, str]:
    host, path = address(site_url)
    if not host or not site_url.startswith(("http://", "https://")):
        raise CommandError("--replace takes a whole address, such as https://old.example.")
    return host, path + reverse("printify_webhook")
