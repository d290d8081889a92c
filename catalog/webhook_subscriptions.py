"""Printify's webhook subscriptions: which are this shop's, and a test event through one of them."""

import json
import time
import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from catalog.printify.client import printify
from ilytat.integrations.models import InboundEvent
from ilytat.integrations.webhook_subscriptions import address

SOURCE = "printify"
PROBE_TOPIC = "product:updated"
POLL_SECONDS = 0.5


def url() -> str:
    """Return the address that Printify posts this shop's events to."""
    return f"{settings.SITE_URL}{reverse('printify_webhook')}"


def own_subscriptions() -> list[dict[str, Any]]:
    """Return those at this shop's host and path, whatever their scheme. Asks Printify."""
    own_address = address(url())
    return [hook for hook in printify().webhooks() if address(str(hook.get("url"))) == own_address]


def send_test_event(subscription_id: str, *, wait_seconds: float) -> bool:
    """Let Printify send an event that changes nothing. Return whether it reached the inbox within `wait_seconds`.

    It is about a product of shop 0, which `catalog.webhooks` ignores without a call. The number stands at both levels
    because Printify's documents leave open where in `resource` the body comes back (Printify contract, section 9).
    """
    probe_id, started_at, deadline = f"test-{uuid.uuid4().hex}", timezone.now(), time.monotonic() + wait_seconds
    probe = {"id": probe_id, "type": "product", "shop_id": 0, "data": {"shop_id": 0}}
    printify().simulate_webhook(subscription_id, probe)
    while not _has_arrived(probe_id, started_at):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _has_arrived(probe_id: str, started_at: datetime) -> bool:
    events = InboundEvent.objects.filter(source=SOURCE, type=PROBE_TOPIC, received_at__gte=started_at)
    return any(probe_id in json.dumps(payload) for payload in events.values_list("payload", flat=True))
