"""Asking for the newsletter: nothing is sent about anything before the address itself has said yes (double opt-in)."""

import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from notifications import consent, outbox
from notifications.models import OutgoingEmail, Subscriber

SALT = "newsletter-confirm"
LINK_DAYS = 7
DAILY = 3  # confirmation mails to one address that a stranger can cause
KEEP_UNCONFIRMED_DAYS = 30


def ask(email: str, *, language: str, where: str, wording: str, topics: Iterable[str] = ("news",)) -> None:
    """Somebody typed this address. Its owner gets one mail with a link, unless they have it all already.

    The caller shows the same page whatever comes of it: nobody learns here whose address is on the list.
    """
    wanted = sorted(set(topics) & set(consent.TOPICS))
    reader = consent.known(email, language)
    if all(consent.may_write(reader.email, topic) for topic in wanted) or _too_many(reader):
        return
    consent.record(reader, consent.Act.ASKED, wanted, where=where, wording=wording)
    outbox.queue(
        "confirm_newsletter",
        dedupe_key=f"confirm_newsletter:{uuid.uuid4().hex}",
        to=reader.email,
        language=language,
        context={"email": reader.email, "url": _link(reader, wanted), "other_url": ""},
    )


def _too_many(reader: Subscriber) -> bool:
    since = timezone.now() - timedelta(days=1)
    mails = OutgoingEmail.objects.filter(kind="confirm_newsletter", to=reader.email, created_at__gt=since)
    return mails.count() >= DAILY


def _link(reader: Subscriber, topics: list[str]) -> str:
    token = signing.dumps({"reader": reader.pk, "topics": topics}, salt=SALT)
    return f"{settings.SITE_URL}{reverse('newsletter_confirm', args=[token])}"


def asked(token: str) -> tuple[Subscriber, list[str]] | None:
    """Who confirms what by this link; None when it is forged, a week old, or of somebody who was erased."""
    try:
        told = signing.loads(token, salt=SALT, max_age=timedelta(days=LINK_DAYS))
    except signing.BadSignature:
        return None
    reader = Subscriber.objects.filter(pk=told["reader"]).first()
    return (reader, list(told["topics"])) if reader else None


def confirm(reader: Subscriber, topics: list[str], *, language: str) -> None:
    """The words agreed to are those that were shown where the address was typed."""
    wording = consent.words_asked(reader, topics)
    consent.agree(reader.email, topics, language=language, where="link in the mail", wording=wording)


def forget_unconfirmed() -> None:
    """An address whose owner never said yes is none of our business."""
    old = timezone.now() - timedelta(days=KEEP_UNCONFIRMED_DAYS)
    Subscriber.objects.filter(confirmed_at__isnull=True, asked_at__lt=old).delete()
