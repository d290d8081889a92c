"""`manage.py register_webhooks`: subscribe to the events of Printify and Stripe for this shop's address."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from catalog.printify.client import printify
from catalog.webhook_subscriptions import SOURCE, url
from ilytat.integrations import inbox, webhook_subscriptions
from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.webhook_subscriptions import address


class Command(BaseCommand):
    help = "Subscribe to every event the shop handles, at Printify and Stripe. Other addresses are left alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--renew",
            choices=[SOURCE, *dict(webhook_subscriptions.providers())],
            help="Create this provider's subscriptions again: the only way to change the secret.",
        )
        parser.add_argument(
            "--replace",
            metavar="URL",
            default="",
            help="An earlier SITE_URL, such as https://old.example: its subscriptions at Printify are removed.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        self.own_addresses = {address(url())}
        if options["replace"]:
            self.own_addresses.add(_earlier_address(options["replace"]))
        for provider, subscribe in ((SOURCE, self._subscribe), *webhook_subscriptions.providers()):
            if options["renew"] in {None, provider}:
                try:
                    for line in subscribe(renew=options["renew"] == provider):
                        self.stdout.write(line)
                except IntegrationError as error:
                    raise CommandError(f"{provider.capitalize()}: {error.detail}") from error

    def _subscribe(self, *, renew: bool) -> Iterator[str]:
        """Keep one subscription of each topic at Printify. Whether it allows a second of one topic and address is not
        documented: one that refuses leaves those that are there.

        What is missing is created before what is not needed is deleted: if the command ends in between, no event is
        lost, and the next run leaves one. A topic that came twice is created again: one of the two may have an
        earlier secret. Another host with the same path may be a staging copy at the same Printify shop: it keeps its
        subscriptions.
        """
        if settings.PRINTIFY_PRINTS_FOR_REAL and not settings.SECURE:
            raise CommandError("Printify can only reach a public https address: set SITE_URL to it.")
        client, wanted, own = printify(), inbox.types(SOURCE), list[dict[str, Any]]()
        for hook in client.webhooks():
            if address(str(hook.get("url"))) in self.own_addresses:
                own.append(hook)
            else:
                yield f"left alone: {hook.get('topic')} {hook.get('url')}"
        counts = Counter(hook.get("topic") for hook in own if hook.get("url") == url())
        kept = {topic for topic in wanted if counts[topic] == 1 and not renew}
        for topic in wanted:
            if topic not in kept:
                client.create_webhook(topic, url(), settings.PRINTIFY_WEBHOOK_SECRET)
        for hook in own:
            topic, hook_url = str(hook.get("topic")), str(hook.get("url"))
            if topic not in kept or hook_url != url():
                client.delete_webhook(str(hook.get("id")), host=urlsplit(hook_url).netloc)
                yield f"removed: {topic} {hook_url}"
        yield f"{len(wanted)} topics at {url()}: {len(kept)} were there, {len(wanted) - len(kept)} made"


def _earlier_address(site_url: str) -> tuple[str, str]:
    host, path = address(site_url)
    if not host or not site_url.startswith(("http://", "https://")):
        raise CommandError("--replace takes a whole address, such as https://old.example.")
    return host, path + reverse("printify_webhook")
