"""What the mail keeps of a person: the mails themselves, a consent, a bounce."""

from typing import Any

from django.db.models import Q

from ilytat.integrations import privacy
from notifications.mails import STAFF
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
    to_staff = OutgoingEmail.objects.filter(kind__in=[kind.name for kind in STAFF])  # no other buyer's mail names them
    told = Q(pk__in=privacy.mentioning(to_staff, "context", traces).values("pk"))
    for address in {email, *(trace for trace in traces if "@" in trace and " " not in trace)}:
        told |= Q(to__iexact=address)
    for mail in OutgoingEmail.objects.filter(told):
        empty = dict.fromkeys(("subject", "text", "html", "fate_reason", "last_error"), "")
        OutgoingEmail.objects.filter(pk=mail.pk).update(**empty, to=privacy.nobody(), context={}, state="erased")
    Subscriber.objects.filter(email__iexact=email).delete()
    Suppression.objects.filter(email__iexact=email).delete()


privacy.register(privacy.Keeper("mail", export=export, erase=erase))
