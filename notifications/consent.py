"""Who may be written to about what, and the proof of it: when, where and to which words.

Nobody gets marketing mail without a confirmed consent, asked again right before each mail leaves. A link in a mail is
signed and names the reader; it stays good for ever, because whoever has the mail may leave. A consent is recorded
under the address's hash too, which is all that is left of it after erasure.
"""

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from ilytat.integrations.email import normalized_or_blank
from ilytat.integrations.privacy import fingerprint
from notifications.models import Consent, Subscriber, Suppression

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
