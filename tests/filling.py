"""What a stack's seed runs inside the shop: subscriptions, the whole catalogue, and one small batch of pictures.

Drawing all pictures takes a minute; a few show that they come.
"""

from django.core.management import call_command

from catalog.images import fetch


def fill() -> None:
    call_command("register_webhooks", verbosity=0)
    call_command("refresh_catalog", no_images=True, verbosity=0)
    fetch.BATCH = 6
    while not fetch.fetch_due(0.1, retry=True).done:
        pass  # the sandbox may be too busy to draw the first ones in time
