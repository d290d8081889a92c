"""What an account keeps of a person, and the erasure itself: asked once, done as soon as nothing stands against it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from ilytat.accounts import emails, second_factor
from ilytat.accounts.models import Erasure, User
from ilytat.integrations import alerts, deadlines, jobs, privacy
from ilytat.integrations.email import normalize_email
from ilytat.integrations.jobs import ATTENTION
from ilytat.integrations.privacy import Person
from notifications.models import OutgoingEmail

QUEUE = "erasure"
LANE = "webhooks"
RECHECK_SECONDS = 60 * 60.0
ASK_SECONDS = 10.0  # a person waits for the page; what providers take longer for is left to the queue
# The law gives us a month: before it is over, staff see what holds an erasure up.
TOO_LONG = timedelta(days=21)
SALT = "privacy-link"
LINK_HOURS = 24
LINK_KIND = "privacy_link"


def link_token(name: str) -> str:
    """Proof that whoever holds it reads the mail of that name, so that no address stands in an URL; good for a day."""
    return signing.dumps(name, salt=SALT)


def email_of(token: str) -> str:
    """Return the normalized address that the link was mailed to, the only one it proves.

    Raises django.core.signing.BadSignature for a token that is not ours or too old.
    """
    name = signing.loads(token, salt=SALT, max_age=timedelta(hours=LINK_HOURS))
    to = OutgoingEmail.objects.filter(dedupe_key=f"{LINK_KIND}:{name}").values_list("to", flat=True).first()
    if to is None or privacy.is_anonymous(to):
        raise signing.BadSignature("the mail is nobody's any more")
    try:
        return normalize_email(to)
    except ValidationError as error:
        raise signing.BadSignature("the mail went to no valid address") from error


def proven_address(user: User) -> str:
    """Return a confirmed address of the user, the main one if possible; "" when none is confirmed."""
    confirmed = list(
        EmailAddress.objects.filter(user=user, verified=True).order_by("pk").values_list("email", flat=True)
    )
    return user.email if user.email in confirmed else next(iter(confirmed), "")


def knows(email: str) -> bool:
    """Whether there is anything to show. The mail that carries the link is not yet a trace of anybody."""
    kept = privacy.export(email)
    told = kept.pop("mail", {})
    other_emails = [email for email in told.get("mails", ()) if email["kind"] != LINK_KIND]
    return bool(kept or other_emails or told.get("consent"))


def ask(email: str) -> Erasure:
    """Note the wish, and fulfil it at once if nothing stands against it. Asking twice is asking once."""
    address = normalize_email(email)
    wish, _made = Erasure.objects.get_or_create(fingerprint=privacy.fingerprint(address))
    # The waiting time counts from the first time it was asked for; what was done before is asked for anew.
    Erasure.objects.filter(pk=wish.pk, state="done").update(asked_at=timezone.now())
    Erasure.objects.filter(pk=wish.pk).update(email=address, state="new", next_at=timezone.now(), attempts=0)
    with deadlines.within(ASK_SECONDS):
        jobs.work_one(queue, wish.pk)
    wish.refresh_from_db()
    return wish


def work(wish: Erasure) -> None:
    privacy.close(wish.email)
    with transaction.atomic():
        reason = privacy.erase(wish.email)
        if reason:
            wish.update_leased(reason=reason[:200])
            wish.reschedule(next_in=RECHECK_SECONDS)
        else:
            wish.finish("done", email="", reason="")
            alerts.close_alert(alert_key(wish.pk))


def on_attention(wish: Erasure) -> None:
    """Without the address: an alert is mailed to all of the staff."""
    message = f"A customer's data could not be deleted after {wish.attempts} attempts (erasure {wish.pk})."
    step = "Open Erasures in the admin, read the error, fix its cause, then press Try again."
    alerts.open_alert(alert_key(wish.pk), message, next_step=step)


def alert_key(pk: int) -> str:
    return f"erasure:{pk}"


def retry(pk: int) -> bool:
    """Queue a failed or waiting erasure again. False: it is done, or a worker has it; pressing twice is harmless."""
    with transaction.atomic():
        if not Erasure.requeue(Erasure.objects.filter(pk=pk, state__in=("new", ATTENTION))):
            return False
        alerts.close_alert(alert_key(pk))
    jobs.wake(QUEUE, LANE)
    return True


def stuck() -> QuerySet[Erasure]:
    """Those that failed for good, and those that something has held up for longer than the law leaves time for."""
    overdue = Q(state="new", asked_at__lt=timezone.now() - TOO_LONG)
    return Erasure.objects.filter(Q(state=ATTENTION) | overdue).order_by("asked_at")


def identify(person: Person) -> Person:
    """The accounts that confirmed this very address, and those under it whose owner never confirmed any."""
    confirmed = EmailAddress.objects.filter(verified=True)
    owners = confirmed.filter(email=person.address).values("user")
    unproven = Q(email=person.address) & ~Q(pk__in=confirmed.values("user"))
    users = list(User.objects.filter(Q(pk__in=owners) | unproven).prefetch_related("addresses"))
    addresses = EmailAddress.objects.filter(user__in=users)
    own = {address.email for address in addresses if address.verified}
    keys = [user.pk for user in users]
    return person.extended(
        users=keys,
        addresses=own,
        # Mails about the account carry the user's id: one to an earlier address names the next one.
        references=[*own, *map(emails.reference, users)],
        words=[person.address, *own, *(word for user in users for word in _words(user))],
        logged=[
            *(("accounts.user", str(key)) for key in keys),
            *(("account.emailaddress", str(address.pk)) for address in addresses),
        ],
    )


def _words(user: User) -> Iterator[str]:
    yield from (user.email, user.get_full_name(), user.first_name, user.last_name)
    for address in user.addresses.all():
        yield from (address.name, address.address1, address.address2, address.phone)


def _users(person: Person) -> QuerySet[User]:
    return User.objects.filter(pk__in=person.users)


def export(person: Person) -> list[dict[str, Any]]:
    return [
        {
            "email": user.email,
            "name": user.get_full_name(),
            "language": user.language,
            "joined": user.date_joined.isoformat(),
            "addresses": [str(address) for address in user.addresses.all()],
            "other_emails": list(EmailAddress.objects.filter(user=user).values_list("email", flat=True)),
            "signed_in_from": [f"{x.ip} {x.user_agent}" for x in UserSession.objects.filter(user=user)],
        }
        for user in _users(person)
    ]


def unsettled(person: Person) -> str:
    """Staff are named in the books they kept: an owner takes their rights away first."""
    return _("Staff accounts are closed by the owner.") if _users(person).filter(is_staff=True).exists() else ""


def erase(person: Person) -> None:
    """The person's sessions end by the user's id. A browser that only typed the address is not known to be theirs."""
    second_factor.end_sessions(person.users)
    _users(person).delete()
    privacy.scrub(_log(person), ["object_repr", "change_message"], person.words)


def _log(person: Person) -> QuerySet[LogEntry]:
    """What the admin wrote down about the person's own rows."""
    found = Q(pk__in=())
    for label in sorted({label for label, _pk in person.logged}):
        kind = ContentType.objects.get_for_model(apps.get_model(label))
        found |= Q(content_type=kind, object_id__in=[pk for name, pk in person.logged if name == label])
    return LogEntry.objects.filter(found)


def addresses() -> list[str]:
    others = EmailAddress.objects.values_list("email", flat=True)
    return [*User.objects.values_list("email", flat=True), *others]


privacy.register(
    privacy.PersonalDataHandler(
        "account", export=export, erase=erase, identify=identify, unsettled=unsettled, addresses=addresses
    )
)
queue = jobs.register(jobs.Queue(name=QUEUE, model=Erasure, work=work, lane=LANE, on_attention=on_attention))
