"""System checks beyond Django's own: `manage.py check --deploy` must stay silent in production."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks


@checks.register("ilytat", deploy=True)
def webhooks_can_be_verified(app_configs: Sequence[Any] | None, **_: Any) -> list[checks.CheckMessage]:  # noqa: ARG001 (Django passes it by name)
    found: list[checks.CheckMessage] = []
    if settings.EMAIL_API_KEY and not settings.SENDGRID_WEBHOOK_PUBLIC_KEY:
        hint = "Copy the verification key from SendGrid's Event Webhook settings, or bounces go unheard."
        found.append(checks.Warning("SENDGRID_WEBHOOK_PUBLIC_KEY is empty.", hint=hint, id="ilytat.W001"))
    return found
