"""What the mail keeps of a person: the mails themselves, a consent, a bounce."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from ilytat.integrations import privacy
from notifications.mail_types import KINDS
from notifications.models import Consent, OutgoingEmail, Subscriber, Suppression


def export(email: str) -> dict[str, Any]:
    mails = OutgoingEmail.objects.filter(to__iexact=email)
    consents = Consent.objects.filter(subscriber__email__iexact=email)
    found = {
        "mails": [
            {"kind": x.kind, "subject": x.subject, "at": x.created_at.isoformat(), "text": x.text} for x in mails
        ],
        "consent": [
            {"at": x.at.isoformat(), "what": str(x), "topics": x.topics, "where": x.where, "wording": x.wording}
            for x in consents
        ],
    }
    return {name: kept for name, kept in found.items() if kept}


def erase(email: str, traces: frozenset[str]) -> None:
    """A mail becomes the bare fact that one of its kind was sent; a consent stays as proof under the address's hash."""
    theirs = frozenset({email, *(trace for trace in traces if "@" in trace and " " not in trace)})
    traced = _mentioning("staff", traces) | _mentioning("account", theirs)
    for address in theirs:
        traced |= Q(to__iexact=address)
        Subscriber.objects.filter(email__iexact=address).delete()
        Suppression.objects.filter(email__iexact=address).delete()
    for mail in OutgoingEmail.objects.filter(traced):
        empty = dict.fromkeys(("subject", "text", "html", "fate_reason", "last_error"), "")
        OutgoingEmail.objects.filter(pk=mail.pk).update(
            **empty, to=privacy.anonymous_address(), context={}, state="erased"
        )


def _mentioning(audience: str, words: frozenset[str]) -> Q:
    """Staff read of everybody, and an account's earlier address of its next one; no other buyer's mail names them."""
    mails = OutgoingEmail.objects.filter(kind__in=[kind.name for kind in KINDS.values() if kind.audience == audience])
    return Q(pk__in=privacy.mentioning(mails, "context", words).values("pk"))


def addresses() -> Iterator[str]:
    for model, column in ((OutgoingEmail, "to"), (Subscriber, "email"), (Suppression, "email")):
        yield from model.objects.values_list(column, flat=True).distinct()


privacy.register(privacy.Keeper("mail", export=export, erase=erase, addresses=addresses))
