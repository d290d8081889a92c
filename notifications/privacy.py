"""What the mail keeps of a person: the mails themselves, a consent, a bounce."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from ilytat.integrations import privacy
from ilytat.integrations.jobs import ATTENTION
from ilytat.integrations.models import Alert
from ilytat.integrations.privacy import Person
from notifications.email_types import KINDS
from notifications.models import Consent, OutgoingEmail, Subscriber, Suppression
from notifications.staff_alerts import alert_reference

BATCH = 500  # rows of one UPDATE
# What an order's buyer or our staff have to read leaves before an erasure. The rest is about an account or a
# subscription that ends with it, and is dropped.
MUST_LEAVE = Q(
    kind__in=[kind.name for kind in KINDS.values() if kind.audience in {"buyer", "staff"}],
    state__in=(*OutgoingEmail.due_states, ATTENTION),
)
TO_STAFF = frozenset(kind.name for kind in KINDS.values() if kind.audience == "staff")


def _mails(person: Person) -> QuerySet[OutgoingEmail]:
    """To the person, about the person's orders or account, and to staff about an alert of theirs."""
    alerts = Alert.objects.filter(key__in=person.alert_keys).values_list("pk", flat=True)
    references = {*person.references, *map(alert_reference, alerts)}
    own = Q(to__in=person.addresses) | Q(reference__in=references)
    return OutgoingEmail.objects.filter(own).exclude(state="erased")


def export(person: Person) -> dict[str, Any]:
    mails = OutgoingEmail.objects.filter(to__in=person.addresses)
    consents = Consent.objects.filter(subscriber__email__in=person.addresses)
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


def unsettled(person: Person) -> str:
    waiting = _mails(person).filter(MUST_LEAVE)
    return _("An email about your order has not been sent yet.") if waiting.exists() else ""


def erase(person: Person) -> None:
    """A mail becomes the bare fact that one of its kind was sent; a consent stays as proof under the address's hash."""
    Subscriber.objects.filter(email__in=person.addresses).delete()
    Suppression.objects.filter(email__in=person.addresses).delete()
    mails = list(_mails(person).exclude(MUST_LEAVE).only("pk", "kind", "to"))
    # Without its lease a worker that is about to send one of the dropped mails can write nothing back.
    blank: dict[str, Any] = {"context": {}, "state": "erased", "lease_until": None, "lease_token": ""}
    blank |= dict.fromkeys(("subject", "text", "html", "fate_reason", "last_error"), "")
    OutgoingEmail.objects.filter(pk__in=[mail.pk for mail in mails]).update(**blank)
    own = [mail for mail in mails if mail.kind not in TO_STAFF or mail.to in person.addresses]
    for mail in own:
        mail.to = privacy.anonymous_address()
    OutgoingEmail.objects.bulk_update(own, ["to"], batch_size=BATCH)


def addresses() -> Iterator[str]:
    for model, column in ((OutgoingEmail, "to"), (Subscriber, "email"), (Suppression, "email")):
        yield from model.objects.values_list(column, flat=True).distinct()


privacy.register(
    privacy.PersonalDataHandler("mail", export=export, erase=erase, unsettled=unsettled, addresses=addresses)
)
