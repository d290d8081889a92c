"""Who may be written to about what, and the proof of it: when, where and to which words.

Nobody gets marketing mail without a confirmed consent, asked again right before each mail leaves. A link in a mail is
signed and names the reader; it stays good for ever, because whoever has the mail may leave. A consent is recorded
under the address's hash too, which is all that is left of it after erasure.
"""

import uuid
from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from ilytat.integrations.email import normalized_or_blank
from ilytat.integrations.privacy import fingerprint
from notifications import outbox
from notifications.models import Consent, OutgoingEmail, Subscriber, Suppression

TOPICS = ("news", "carts", "stock")
SALT = "newsletter"
Act = Consent.Act


def of(email: str) -> Subscriber | None:
    return Subscriber.objects.filter(email=email).first()


def may_write(email: str, topic: str) -> bool:
    """Whether this address wants mail about the topic (one of TOPICS) right now."""
    return Subscriber.objects.agreeing(topic).filter(email=email).exists()


def agree(email: str, topics: Iterable[str], *, language: str, where: str, wording: str) -> Subscriber:
    """Consent of somebody who has proven that the address is theirs: the confirmed link, a verified account.

    Adds to what was agreed to before. `where` is the page or form; `wording` the words beside its tick or button.
    """
    reader = known(email, language)
    wanted = {topic: True for topic in TOPICS if topic in set(topics)}
    Subscriber.objects.filter(pk=reader.pk).update(
        **wanted, confirmed_at=timezone.now(), left_at=None, language=language
    )
    record(reader, Act.CONFIRMED, topics, where=where, wording=wording)
    return reader


def agree_by_tick(email: str, topic: str, *, language: str, where: str, wording: str) -> bool:
    """Agree to a topic that the owner of a proven address ticked on another site's page.

    Return False, and change nothing, for an address that has unsubscribed, has chosen without the topic, or is
    suppressed: only its own confirmation takes that back. Call inside a transaction; it locks the subscriber's row, so
    that an unsubscription at the same moment wins.
    """
    address = normalized_or_blank(email)
    if not address or Suppression.objects.filter(email=address).exists():
        return False
    reader = Subscriber.objects.select_for_update(no_key=True).filter(email=address).first()
    if reader and reader.left_at is not None:
        return False
    if not (reader and getattr(reader, topic)) and _has_chosen(address):
        return False
    agree(address, [topic], language=language, where=where, wording=wording)
    return True


def _has_chosen(address: str) -> bool:
    """Whether it ever chose its topics, or left. The record of that outlives the subscriber's own row."""
    return Consent.objects.filter(address_hash=fingerprint(address), act__in=(Act.CHOSE, Act.LEFT)).exists()


def choose(reader: Subscriber, topics: Iterable[str], *, where: str) -> None:
    """Exactly these from now on; none means leaving. Only for readers who confirmed before."""
    wanted = set(topics) & set(TOPICS)
    left_at = None if wanted else timezone.now()
    choice = {topic: topic in wanted for topic in TOPICS}
    Subscriber.objects.filter(pk=reader.pk).update(**choice, left_at=left_at)
    record(reader, Act.CHOSE if wanted else Act.LEFT, wanted, where=where)


def leave(reader: Subscriber, *, where: str) -> None:
    """Safe to ask for twice: mail programs do."""
    if reader.left_at is None:
        choose(reader, (), where=where)


def known(email: str, language: str) -> Subscriber:
    """The row for the address, made if need be: it says nothing yet."""
    row = Subscriber(email=email, language=language)
    Subscriber.objects.bulk_create([row], ignore_conflicts=True)
    return Subscriber.objects.get(email=email)


def record(reader: Subscriber, act: Act, topics: Iterable[str], *, where: str, wording: str = "") -> None:
    Consent.objects.create(
        subscriber=reader,
        address_hash=fingerprint(reader.email),
        act=act,
        topics=", ".join(sorted(topics))[:40],
        where=where[:60],
        wording=wording,
    )


def words_asked(reader: Subscriber, topics: Iterable[str]) -> str:
    """The words that stood where the address was typed the last time, for exactly these topics; "" when unknown."""
    asked = reader.consents.filter(act=Act.ASKED, topics=", ".join(sorted(topics)))
    return asked.values_list("wording", flat=True).first() or ""


def token(reader: Subscriber) -> str:
    return signing.Signer(salt=SALT).sign(str(reader.pk))


def reader_of(token_: str) -> Subscriber | None:
    """None for a forged token and for a reader whose data were erased."""
    try:
        pk = signing.Signer(salt=SALT).unsign(token_)
    except signing.BadSignature:
        return None
    return Subscriber.objects.filter(pk=pk).first()


def links(email: str) -> Mapping[str, str]:
    """The ways out that every marketing mail names; empty for an address that is no reader's."""
    reader = of(email)
    if reader is None:
        return {}
    leaving, choosing = (reverse(name, args=[token(reader)]) for name in ("newsletter_leave", "newsletter_choices"))
    return {"leave_url": settings.SITE_URL + leaving, "choices_url": settings.SITE_URL + choosing}


CONFIRM_SALT = "newsletter-confirm"
LINK_DAYS = 7
DAILY = 3  # confirmation mails to one address that a stranger can cause
KEEP_UNCONFIRMED_DAYS = 30


def ask(email: str, *, language: str, where: str, wording: str, topics: Iterable[str] = ("news",)) -> None:
    """Somebody typed this address. Its owner gets one mail with a link, unless they have it all already.

    The caller shows the same page whatever comes of it: nobody learns here whose address is on the list.
    """
    wanted = sorted(set(topics) & set(TOPICS))
    reader = known(email, language)
    if all(may_write(reader.email, topic) for topic in wanted) or _too_many(reader):
        return
    record(reader, Act.ASKED, wanted, where=where, wording=wording)
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
    token = signing.dumps({"reader": reader.pk, "topics": topics}, salt=CONFIRM_SALT)
    return f"{settings.SITE_URL}{reverse('newsletter_confirm', args=[token])}"


def asked(token: str) -> tuple[Subscriber, list[str]] | None:
    """Who confirms what by this link; None when it is forged, a week old, or of somebody who was erased."""
    try:
        told = signing.loads(token, salt=CONFIRM_SALT, max_age=timedelta(days=LINK_DAYS))
    except signing.BadSignature:
        return None
    reader = Subscriber.objects.filter(pk=told["reader"]).first()
    return (reader, list(told["topics"])) if reader else None


def confirm(reader: Subscriber, topics: list[str], *, language: str) -> None:
    """The words agreed to are those that were shown where the address was typed."""
    wording = words_asked(reader, topics)
    agree(reader.email, topics, language=language, where="link in the mail", wording=wording)


def forget_unconfirmed() -> None:
    """An address whose owner never said yes is none of our business."""
    old = timezone.now() - timedelta(days=KEEP_UNCONFIRMED_DAYS)
    Subscriber.objects.filter(confirmed_at__isnull=True, asked_at__lt=old).delete()
