"""Export and erasure of one person's data: each app says what it keeps and how it is erased.

A person is a normalized email address whose owner has proven it. Export and erasure reach rows by ids alone: the
accounts that confirmed this address, their orders, and what belongs to those. No table is searched for a text that the
person chose: a name could otherwise reach somebody else's rows. What stays is what the books need: numbers, totals,
products and dates.
"""

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from ilytat.integrations import alerts
from ilytat.integrations.email import normalize_email, normalized_or_blank
from ilytat.integrations.jobs import ATTENTION
from ilytat.integrations.models import Alert, InboundEvent

ERASED = "[erased]"
ERASED_DOMAIN = "erased.invalid"  # a top-level domain that can never receive mail (RFC 2606)
WORD_MIN = 3  # characters: an initial alone would take every "A" out of the history
SCRUB_BATCH = 500  # rows of one UPDATE


@dataclass(frozen=True)
class Person:
    """One person by ids, collected by the apps in the order of their registration. The only thing erasure goes by."""

    address: str  # normalized and proven
    addresses: frozenset[str]  # `address`, and the other confirmed addresses of the person's accounts
    users: frozenset[int] = frozenset()
    orders: frozenset[int] = frozenset()
    references: frozenset[str] = frozenset()  # ids that name the person's rows in events and mails
    alert_keys: frozenset[str] = frozenset()  # of alerts about the person's orders and money
    logged: frozenset[tuple[str, str]] = frozenset()  # "app.model" and pk: rows of the person in the admin's log
    words: frozenset[str] = frozenset()  # names, streets, numbers: replaced inside the person's own rows only

    def extended(self, **found: Iterable[Any]) -> "Person":
        """Return the person with more ids. Blank ones are left out: they would match every row that has none."""
        more = {name: getattr(self, name) | {value for value in values if value} for name, values in found.items()}
        return replace(self, **more)


@dataclass(frozen=True)
class PersonalDataHandler:
    """What one app keeps of a person.

    `identify` adds the ids that this app knows. `export` returns plain JSON values. `lock` takes the row locks of what
    `erase` will change. `unsettled` returns a sentence that says why it is too early to erase, or "". `close` ends, by
    asking providers, what would otherwise only end later; it runs outside any transaction and may raise an
    IntegrationError. `erase` may be called again and then finds nothing. `addresses` are all that the app keeps: after
    a backup was restored, erased people are looked for among them.
    """

    name: str
    export: Callable[[Person], Any]
    erase: Callable[[Person], None]
    identify: Callable[[Person], Person] = lambda person: person
    lock: Callable[[Person], None] = lambda _: None
    unsettled: Callable[[Person], str] = lambda _: ""
    close: Callable[[Person], None] = lambda _: None
    addresses: Callable[[], Iterable[str]] = tuple


_keepers: dict[str, PersonalDataHandler] = {}


def register(keeper: PersonalDataHandler) -> PersonalDataHandler:
    _keepers[keeper.name] = keeper
    return keeper


def find(email: str) -> Person:
    """Collect the person's ids. Raises ValidationError for a text that is no email address."""
    address = normalize_email(email)
    person = Person(address=address, addresses=frozenset({address}), references=frozenset({address}))
    for keeper in _keepers.values():
        person = keeper.identify(person)
    return person


def export(email: str) -> dict[str, Any]:
    person = find(email)
    found = {name: keeper.export(person) for name, keeper in _keepers.items()}
    return {name: kept for name, kept in found.items() if kept}


def unsettled(email: str) -> str:
    """Return why it cannot be erased yet, in one sentence; "" when nothing stands against it."""
    return _unsettled(find(email))


def _unsettled(person: Person) -> str:
    # What builds on others speaks first: "a refund is on its way" says more than "a mail has not left".
    reasons = (keeper.unsettled(person) for keeper in reversed(_keepers.values()))
    return next((reason for reason in reasons if reason), "")


def close(email: str) -> None:
    """End what can be ended at providers before an erasure. Call outside a transaction. Raises an IntegrationError."""
    person = find(email)
    for keeper in _keepers.values():
        keeper.close(person)


def erase(email: str) -> str:
    """Erase the person's data in one transaction. Returns why it has to wait, having changed nothing, or "".

    Rows that somebody still has to work on (a waiting webhook or mail, an open alert, a refund on its way) make the
    erasure wait: they need what they hold, and one rule for all of them leaves no handler to think of erasures. The
    caller has proof that the address is the asker's.
    """
    with transaction.atomic():
        known = find(email)
        for keeper in _keepers.values():
            keeper.lock(known)
        person = find(email)  # once more: a payment may have been booked while we waited for its order's lock
        reason = _unsettled(person)
        if not reason:
            for keeper in reversed(_keepers.values()):  # apps that build on others come first
                keeper.erase(person)
    return reason


def addresses() -> frozenset[str]:
    """Return every address that any app keeps, normalized."""
    every = (text for keeper in _keepers.values() for text in keeper.addresses() if text)
    return frozenset(normalized_or_blank(text) or text for text in every)


def fingerprint(email: str) -> str:
    """Return the tombstone: it recognizes the address when it is seen again, and tells nobody what it was."""
    address = normalized_or_blank(email) or email.strip()
    return salted_hmac("erasure", address, algorithm="sha256").hexdigest()


def anonymous_address() -> str:
    """Return an address in place of an erased one: nobody's, and unlike any other."""
    return f"{uuid.uuid4().hex}@{ERASED_DOMAIN}"


def is_anonymous(address: str) -> bool:
    return address.rpartition("@")[2] == ERASED_DOMAIN


def scrub(rows: "models.QuerySet[Any]", fields: Iterable[str], words: frozenset[str]) -> None:
    """Replace whole words in text columns. `rows` must be the person's own: anybody may be called "paid"."""
    names, pattern = list(fields), _pattern(words)
    if pattern is None:
        return
    changed = []
    for row in rows.only("pk", *names):
        texts = {name: pattern.sub(ERASED, getattr(row, name)) for name in names}
        if any(getattr(row, name) != text for name, text in texts.items()):
            for name, text in texts.items():
                setattr(row, name, text)
            changed.append(row)
    rows.model._base_manager.bulk_update(changed, names, batch_size=SCRUB_BATCH)  # noqa: SLF001 (Django's documented name)


def _pattern(words: frozenset[str]) -> re.Pattern[str] | None:
    """Whole words: `shop12@example.com` is no part of `my-shop12@example.com`. Longer ones first."""
    long_enough = sorted((word for word in words if len(word) >= WORD_MIN), key=len, reverse=True)
    if not long_enough:
        return None
    choices = "|".join(map(re.escape, long_enough))
    return re.compile(rf"(?<![\w.+-])(?:{choices})(?![\w+-]|\.\w)", re.IGNORECASE)


WAITING = (*InboundEvent.due_states, ATTENTION)


def _own_events(person: Person) -> "models.QuerySet[InboundEvent]":
    return InboundEvent.objects.filter(reference__in=person.references)


def _unsettled_own(person: Person) -> str:
    if _own_events(person).filter(state__in=WAITING).exists():
        return _("A message about your order is still being processed.")
    # Where a row stands for the incident, the row's own app says whether it is settled; the alert may be left over.
    keys = [key for key in person.alert_keys if not alerts.is_in_review_queue(key)]
    if Alert.objects.filter(key__in=keys, closed_at__isnull=True).exists():
        return _("Our staff are still looking at one of your orders.")
    return ""


def _erase_own(person: Person) -> None:
    """Not what came in after `_unsettled_own` had looked: it is still to be worked on, and is purged by its age."""
    _own_events(person).exclude(state__in=WAITING).update(payload={}, reference="", detail="", last_error="")
    left_over = Alert.objects.filter(
        key__in=filter(alerts.is_in_review_queue, person.alert_keys), closed_at__isnull=True
    )
    left_over.update(closed_at=timezone.now())
    closed = Alert.objects.filter(key__in=person.alert_keys, closed_at__isnull=False)
    scrub(closed, ["message", "next_step"], person.words)


register(PersonalDataHandler("events", export=lambda _: None, erase=_erase_own, unsettled=_unsettled_own))
