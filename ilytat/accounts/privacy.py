"""What an account keeps of a person, and the erasure itself: asked once, done as soon as nothing stands against it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.core import signing
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from ilytat.accounts.models import Erasure, User
from ilytat.integrations import jobs, privacy
from notifications.models import OutgoingEmail

QUEUE = "erasure"
DAILY = timedelta(days=1).total_seconds()
SALT = "privacy-link"
LINK_HOURS = 24
LINK_KIND = "privacy_link"


def link_token(name: str) -> str:
    """Proof that whoever holds it reads the mail of that name, so that no address stands in an URL; good for a day."""
    return signing.dumps(name, salt=SALT)


def email_of(token: str) -> str:
    """Raises django.core.signing.BadSignature for a token that is not ours or too old."""
    name = signing.loads(token, salt=SALT, max_age=timedelta(hours=LINK_HOURS))
    to = OutgoingEmail.objects.filter(dedupe_key=f"{LINK_KIND}:{name}").values_list("to", flat=True).first()
    if to is None or to.endswith(privacy.ERASED_DOMAIN):
        raise signing.BadSignature("the mail is nobody's any more")
    return to.lower()


def knows(email: str) -> bool:
    """Whether there is anything to show. The mail that carries the link is not yet a trace of anybody."""
    kept = privacy.export(email)
    told = kept.pop("mail", {})
    mails = [mail for mail in told.get("mails", ()) if mail["kind"] != LINK_KIND]
    return bool(kept or mails or told.get("consent"))


def ask(email: str) -> Erasure:
    """Note the wish, and fulfil it at once if nothing stands against it. Asking twice is asking once."""
    wish, _made = Erasure.objects.get_or_create(fingerprint=privacy.fingerprint(email))
    Erasure.objects.filter(pk=wish.pk).update(email=email.lower(), state="new", next_at=timezone.now())
    jobs.work_one(queue, wish.pk)
    wish.refresh_from_db()
    return wish


def work(wish: Erasure) -> None:
    reason = privacy.unsettled(wish.email)
    if reason:
        wish.update_leased(reason=reason[:200])
        wish.reschedule(next_in=DAILY)
        return
    privacy.erase(wish.email)
    wish.finish("done", email="", reason="")


def _users(email: str) -> QuerySet[User]:
    return User.objects.filter(email__iexact=email)


def export(email: str) -> list[dict[str, Any]]:
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
        for user in _users(email)
    ]


def unsettled(email: str) -> str:
    """Staff are named in the books they kept: an owner takes their rights away first."""
    return _("Staff accounts are closed by the owner.") if _users(email).filter(is_staff=True).exists() else ""


def traces(email: str) -> list[str]:
    return [name for user in _users(email) for name in (user.get_full_name(), *_written(user)) if name]


def _written(user: User) -> Iterator[str]:
    """An address that was never confirmed may be another person's."""
    yield from EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    for address in user.addresses.all():
        yield from (address.name, address.address1, address.phone)


def erase(email: str, traces: frozenset[str]) -> None:
    keys = UserSession.objects.filter(user__email__iexact=email).values_list("session_key", flat=True)
    Session.objects.filter(session_key__in=[*keys, *_half_signed_in(email)]).delete()
    _users(email).delete()
    privacy.scrub(LogEntry.objects.all(), ["object_repr", "change_message"], traces)


def _half_signed_in(email: str) -> list[str]:
    """Browsers that typed the address and went no further keep it in their session, where no column names it."""
    rows = Session.objects.filter(expire_date__gt=timezone.now()).iterator()
    return [row.session_key for row in rows if email.lower() in str(row.get_decoded()).lower()]


def addresses() -> list[str]:
    others = EmailAddress.objects.values_list("email", flat=True)
    return [*User.objects.values_list("email", flat=True), *others]


privacy.register(privacy.Keeper("account", export, erase, unsettled, traces, addresses))
queue = jobs.register(jobs.Queue(name=QUEUE, model=Erasure, work=work, lane="webhooks"))
