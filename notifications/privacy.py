"""What the mail keeps of a person: the mails themselves, a consent, a bounce."""

from typing import Any

from django.db.models import Q

from ilytat.integrations import privacy
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
    told = privacy.mentioning(OutgoingEmail.objects.all(), "context", traces).values("pk")
    for mail in OutgoingEmail.objects.filter(Q(to__iexact=email) | Q(pk__in=told)):
        empty = dict.fromkeys(("subject", "text", "html", "fate_reason", "last_error"), "")
        OutgoingEmail.objects.filter(pk=mail.pk).update(**empty, to=privacy.nobody(), context={}, state="erased")
    Subscriber.objects.filter(email__iexact=email).delete()
    Suppression.objects.filter(email__iexact=email).delete()


privacy.register(privacy.Keeper("mail", export=export, erase=erase))
