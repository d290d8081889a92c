"""Export and erasure: each app says what it keeps of a person, and how to let go of it.

A person is an e-mail address. What stays after erasure is what the books need: numbers, totals, products and dates;
never a name, an address or a text somebody wrote. `erase` of every keeper runs in one transaction.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Cast
from django.utils.crypto import salted_hmac

from ilytat.integrations.models import Alert, InboundEvent, SyncLog

ERASED = "[erased]"
ERASED_DOMAIN = "erased.invalid"  # a top-level domain that can never receive mail (RFC 2606)
TOO_SHORT = 4
# What a person calls itself is free text: one word alone ("David", "https") is in everybody's rows.
SPECIFIC = re.compile(r"@|\d{5}|\w{2,}\W+\w{2,}")


@dataclass(frozen=True)
class Keeper:
    """What one app keeps of a person.

    `export(email)` answers plain JSON values. `unsettled(email)` is a sentence that says why it is too early to erase,
    or "". `traces(email)` are the strings by which others may have written the person down: names, streets, numbers.
    `erase(email, traces)` lets go; it may be called again and then finds nothing. `addresses()` are all it keeps: who
    was erased is looked for among them after a backup was restored.
    """

    name: str
    export: Callable[[str], Any]
    erase: Callable[[str, frozenset[str]], None]
    unsettled: Callable[[str], str] = lambda _: ""
    traces: Callable[[str], Iterable[str]] = lambda _: ()
    addresses: Callable[[], Iterable[str]] = tuple


_keepers: dict[str, Keeper] = {}


def register(keeper: Keeper) -> Keeper:
    _keepers[keeper.name] = keeper
    return keeper


def export(email: str) -> dict[str, Any]:
    found = {name: keeper.export(email) for name, keeper in _keepers.items()}
    return {name: kept for name, kept in found.items() if kept}


def unsettled(email: str) -> str:
    """Why it cannot be erased yet, in one sentence; "" when nothing stands against it."""
    reasons = (keeper.unsettled(email) for keeper in _keepers.values())
    return next((reason for reason in reasons if reason), "")


def erase(email: str) -> None:
    """Whoever calls has proof that the address is the asker's, and has asked `unsettled`."""
    with transaction.atomic():
        traces = frozenset({email, *_traces(email)})
        for keeper in reversed(_keepers.values()):  # who stands on others lets go first
            keeper.erase(email, traces)


def _traces(email: str) -> Iterator[str]:
    for keeper in _keepers.values():
        yield from (trace for trace in keeper.traces(email) if len(trace) > TOO_SHORT and SPECIFIC.search(trace))


def addresses() -> frozenset[str]:
    """Every address that any app keeps."""
    return frozenset(one.lower() for keeper in _keepers.values() for one in keeper.addresses() if one)


def fingerprint(email: str) -> str:
    """The tombstone: recognises the address when it is seen again, and tells nobody what it was."""
    return salted_hmac("erasure", email.strip().lower(), algorithm="sha256").hexdigest()


def anonymous_address() -> str:
    """An address in place of an erased one: nobody's, and unlike any other."""
    return f"{uuid.uuid4().hex}@{ERASED_DOMAIN}"


def scrub(rows: "models.QuerySet[Any]", fields: Iterable[str], traces: frozenset[str]) -> None:
    """Take the traces out of text columns, leaving the rest of what was written."""
    words = "|".join(re.escape(trace) for trace in sorted(traces, key=len, reverse=True))
    pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
    for field in fields:
        for row in rows.filter(_any(field, traces)).only(field):
            rows.filter(pk=row.pk).update(**{field: pattern.sub(ERASED, getattr(row, field))})


def mentioning(rows: "models.QuerySet[Any]", field: str, traces: frozenset[str]) -> "models.QuerySet[Any]":
    """Rows whose JSON column holds one of the traces, as SQLite (escaped) and PostgreSQL (not) write it."""
    escaped = frozenset(json.dumps(trace)[1:-1] for trace in traces)
    found: models.QuerySet[Any] = rows.annotate(_text=Cast(field, models.TextField()))
    return found.filter(_any("_text", traces | escaped))


def _any(field: str, traces: frozenset[str]) -> Q:
    found = Q()
    for trace in traces:
        found |= Q(**{f"{field}__icontains": trace})
    return found


def _erase_own(_: str, traces: frozenset[str]) -> None:
    worked_off = InboundEvent.objects.exclude(state__in=InboundEvent.due_states)
    mentioning(worked_off, "payload", traces).update(payload={})
    scrub(InboundEvent.objects.all(), ["detail", "last_error"], traces)
    scrub(SyncLog.objects.all(), ["reference", "detail"], traces)
    scrub(Alert.objects.all(), ["message", "next_step"], traces)


register(Keeper("events", export=lambda _: None, erase=_erase_own))
