"""The outbox: a mail is a row first, committed with what it reports, and is handed over by whoever works the queue.

`queue` is the only door in. `dedupe_key` says what the mail is about (`shipped:<shipment>`), so that asking twice
writes once; `send` hands over what was claimed, so that two workers send once. Only a crash inside the hand-over
itself may repeat a mail, and then under the same Message-ID.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.utils import timezone

from ilytat.integrations import alerts, failure_texts, jobs, privacy
from ilytat.integrations.errors import Refused
from notifications import consent, delivery, rendering
from notifications.email_types import KINDS
from notifications.models import BulkEmail, Campaign, OutgoingEmail, Suppression

QUEUE = "mail"
LANE = "mail"
BULK_QUEUE = "bulk mail"
BULK_LANE = "bulk"
KEY_LENGTH = 120
# The hand-over's own timeouts must fit into what is left of the lease (seconds).
HANDOVER_SECONDS = 25.0
# What a wrong key stops for a while, so that a queue of mails asks once and not once each.
PAUSE_SECONDS = 300.0

# Columns of a mail's row: its kind, context or language.
Changes = Mapping[str, Any]
_writers: dict[str, Callable[[OutgoingEmail], Changes | None]] = {}


class CannotResend(Exception):
    """The mail is of a kind that is sent once; the reason is for staff."""


def context_resolver(kind: str, write: Callable[[OutgoingEmail], Changes | None]) -> None:
    """Asked right before a mail of that kind leaves, for what was not to be found out earlier; None: it is unwanted.

    A page must not tell a stranger by the time it takes who has an account: it queues for everybody.
    """
    _writers[kind] = write


def queue(
    kind: str,
    *,
    dedupe_key: str,
    to: str,
    language: str,
    context: Mapping[str, object],
    reference: str = "",
    campaign: Campaign | None = None,
) -> None:
    """Write the mail down, once for each `dedupe_key`, inside the caller's transaction; it leaves after the commit.

    Raises KeyError for an unknown kind and ValueError for a context that is not of that kind: mistakes of ours, met
    in tests. `reference` names what the email is about: an order's number, `user:<pk>` or `alert:<pk>`. Staff search
    by it, and an erasure finds the email by it. Nothing is written to an erased address.
    """
    if privacy.is_anonymous(to):
        return
    wrong = KINDS[kind].keys ^ set(context)
    if wrong:
        raise ValueError(f"The context of {kind} differs in: {', '.join(sorted(wrong))}")
    stream = KINDS[kind].stream
    row = OutgoingEmail(
        kind=kind,
        stream=stream,
        campaign=campaign,
        dedupe_key=shorten_key(dedupe_key),
        to=to,
        language=language or settings.LANGUAGE_CODE,
        context=dict(context),
        reference=reference,
    )
    OutgoingEmail.objects.bulk_create([row], ignore_conflicts=True)
    ring(stream)


def ring(stream: str) -> None:
    jobs.wake(*((BULK_QUEUE, BULK_LANE) if stream == "marketing" else (QUEUE, LANE)))


def shorten_key(key: str) -> str:
    """The key itself, or its beginning and a digest when the column could not hold it."""
    if len(key) <= KEY_LENGTH:
        return key
    return f"{key[:80]}:{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def message_id(dedupe_key: str) -> str:
    """Stable for life, so that a repeat is recognised as one; a digest, because keys may name an address."""
    domain = parseaddr(settings.EMAIL_FROM)[1].rpartition("@")[2] or "localhost"
    return f"<{hashlib.sha256(dedupe_key.encode()).hexdigest()[:40]}@{domain}>"


def suppressed(address: str) -> bool:
    return Suppression.objects.filter(email=address).exists()


def send(job: OutgoingEmail) -> None:
    """Work of the queue: render, keep what was rendered, hand over, mark. Raises the kit's errors."""
    if not _may_leave(job):
        return
    mail = _rendered(job)
    # A campaign's words are kept once, with the campaign; a secret is not kept at all.
    kept = {"text": mail.text, "html": mail.html} if _keeps_words(job) else {}
    job.update_leased(subject=mail.subject[:200], **kept)
    job.ensure_leased(min(HANDOVER_SECONDS, settings.LEASE_SECONDS / 2))
    try:
        provider_id = delivery.send_message(job, mail, message_id(job.dedupe_key))
    except delivery.Misconfigured as error:
        _pause(job, str(error))
        return
    _mark_sent(job, provider_id)


def _may_leave(job: OutgoingEmail) -> bool:
    """Asked at the last moment: an address may have bounced, and a reader left, since the mail was queued."""
    topic = KINDS[job.kind].topic
    if suppressed(job.to):
        job.finish("suppressed")
        undeliverable(job)
        return False
    if (topic and not consent.may_write(job.to, topic)) or not _completed(job):
        job.finish("unwanted")
        return False
    return True


def _completed(job: OutgoingEmail) -> bool:
    write = _writers.get(job.kind)
    changes = write(job) if write else {}
    if changes:
        job.update_leased(**changes)
    return changes is not None


def undeliverable(mail: OutgoingEmail) -> None:
    """A buyer who does not hear from us is told by a person, once an order."""
    if mail.reference and KINDS[mail.kind].audience == "buyer":
        alerts.open_alert(
            f"mail:unheard:{mail.reference}",
            f"The buyer of order {mail.reference} does not get our mails: the address bounced or refused them.",
            next_step="Look at the order's mails and address. Is it right after all? Delete it under Suppressions.",
        )


def _keeps_words(job: OutgoingEmail) -> bool:
    return not KINDS[job.kind].secret and job.campaign_id is None


def _rendered(job: OutgoingEmail) -> rendering.Rendered:
    try:
        return rendering.render(job.kind, job.language, job.context, links=delivery.unsubscribe_links(job))
    except Exception as error:
        # A template fails the same way each time: staff must see it now, not after an hour of tries.
        why = failure_texts.logged(error, "email not rendered", kind=job.kind, row=job.pk)
        raise Refused(f"The email could not be written. {why}") from error


def _mark_sent(job: OutgoingEmail, provider_id: str) -> None:
    changes: dict[str, Any] = {"sent_at": timezone.now(), "provider_id": provider_id[:120]}
    if KINDS[job.kind].secret:
        # A link that opens an account does not outlive its hand-over: staff could read it here.
        changes["context"] = {}
    job.finish("sent", **changes)
    alerts.close_alert("mail:refused")


def _pause(job: OutgoingEmail, why: str) -> None:
    """The provider refuses us, not this mail: nothing is sent, and no try is counted, until the pause is over."""
    alerts.open_alert(
        "mail:refused",
        f"The mail provider accepts no email from this shop. {why}",
        next_step="Check EMAIL_API_KEY (or EMAIL_URL) and EMAIL_FROM; waiting mails leave by themselves then.",
    )
    until = timezone.now() + timedelta(seconds=PAUSE_SECONDS)
    type(job).due().update(next_at=until)
    job.finish("new", next_in=PAUSE_SECONDS, last_error=why[:2000])


def resend(original: OutgoingEmail) -> OutgoingEmail:
    """Send the same mail once more as a new row. The caller has made sure that staff want this.

    Raises CannotResend for a mail of a kind that is sent once.
    """
    if KINDS[original.kind].secret:
        raise CannotResend("A link that opens an account is not sent twice: ask for a new one on the site.")
    if original.campaign_id:
        raise CannotResend("A campaign writes to each reader once.")
    stem = original.dedupe_key.partition(":again:")[0]
    times = OutgoingEmail.objects.filter(dedupe_key__startswith=f"{stem[:80]}:again:").count()
    row = OutgoingEmail.objects.create(
        kind=original.kind,
        stream=original.stream,
        dedupe_key=f"{stem[:80]}:again:{times + 1}",
        to=original.to,
        language=original.language,
        reference=original.reference,
        context=original.context,
    )
    ring(row.stream)
    return row


def on_attention(job: OutgoingEmail) -> None:
    alerts.open_alert(
        "mail:attention",
        f"A mail could not be sent: {job.kind} {job.reference}".strip(),
        next_step="Open Outgoing e-mails, filter by state 'attention', read the error and send again.",
    )


jobs_queue = jobs.Queue(name=QUEUE, model=OutgoingEmail, work=send, lane=LANE, on_attention=on_attention)
bulk_queue = jobs.Queue(name=BULK_QUEUE, model=BulkEmail, work=send, lane=BULK_LANE, on_attention=on_attention)
