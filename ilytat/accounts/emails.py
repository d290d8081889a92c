"""allauth's mails as kinds of ours: which one it is, and its context.

How often one address may be written to is counted in the outbox's own rows, so that the limit holds over all processes
and is the same for known and unknown addresses (nobody learns from it who has an account).
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from ilytat.accounts import sign_in
from ilytat.accounts.models import User
from notifications import outbox
from notifications.contexts import AccountLink, AccountNotice, VerifyEmail, Welcome
from notifications.models import OutgoingEmail

HOURLY = 5  # mails of one kind to one address that a stranger can cause
CHANGED = "account/email/email_changed"

Context = Mapping[str, Any]
Builder = Callable[[str, Context], Mapping[str, object]]


def queue(template_prefix: str, email: str, context: Context, *, language: str) -> None:
    """Raises KeyError for a mail that no feature we have switched on sends."""
    kind, build = KINDS[template_prefix]
    if build is _notice or not too_many(email, kind):
        key = f"{kind}:{uuid.uuid4().hex}"
        user = context.get("user")
        about = reference(user) if isinstance(user, User) else ""
        outbox.queue(kind, dedupe_key=key, to=email, language=language, context=build(email, context), reference=about)


def reference(user: User) -> str:
    """Return what the mails about an account carry: an erasure finds those that went to an earlier address by it."""
    return f"user:{user.pk}"


def welcome(user: User, *, orders: int) -> None:
    context: Welcome = {"email": user.email, "url": settings.SITE_URL + reverse("account_home"), "orders": orders}
    outbox.queue(
        "welcome",
        dedupe_key=f"welcome:{user.pk}",
        to=user.email,
        language=_language(user),
        context=context,
        reference=reference(user),
    )


def new_sign_in(user: User, request: HttpRequest) -> None:
    context = {
        "timestamp": timezone.now(),
        "ip": get_adapter(request).get_client_ip(request),
        "user_agent": request.headers.get("User-Agent", "")[:200],
    }
    queue("new_sign_in", user.email, context, language=_language(user))


def second_factor_reset(user: User) -> None:
    """Neither address nor browser: they are those of the owner who did it."""
    context = {"timestamp": timezone.now(), "ip": "", "user_agent": ""}
    queue("mfa_reset", user.email, context, language=_language(user))


def _language(user: User) -> str:
    return user.language or get_language() or "en"


def too_many(email: str, *kinds: str) -> bool:
    since = timezone.now() - timedelta(hours=1)
    return OutgoingEmail.objects.filter(kind__in=kinds, to=email, created_at__gt=since).count() >= HOURLY


def _ours(url: str) -> str:
    """The same page under SITE_URL: a Host header never decides where a mail leads."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{settings.SITE_URL}{parts.path}{query}"


def _verify(email: str, context: Context, *, signup: bool = False) -> VerifyEmail:
    return {"email": email, "url": _ours(context["activate_url"]), "signup": signup}


def _verify_signup(email: str, context: Context) -> VerifyEmail:
    return _verify(email, context, signup=True)


def _exists(email: str, context: Context) -> AccountLink:
    reset = _ours(context["password_reset_url"])
    return {"email": email, "url": settings.SITE_URL + reverse("account_login"), "other_url": reset}


def _notice(email: str, context: Context) -> AccountNotice:
    return {
        "email": context.get("from_email") or email,
        "detail": context.get("to_email") or context.get("deleted_email") or "",
        "at": context["timestamp"].isoformat(),
        "ip": context["ip"],
        "agent": sign_in.browser_name(context["user_agent"]),
        "url": settings.SITE_URL + reverse("account_home"),
    }


KINDS: dict[str, tuple[str, Builder]] = {
    "account/email/email_confirmation_signup": ("verify_email", _verify_signup),
    "account/email/email_confirmation": ("verify_email", _verify),
    "account/email/account_already_exists": ("account_exists", _exists),
    "account/email/password_reset": ("password_changed", _notice),
    "account/email/password_changed": ("password_changed", _notice),
    "account/email/password_set": ("password_set", _notice),
    CHANGED: ("email_changed", _notice),
    "account/email/email_deleted": ("email_removed", _notice),
    "mfa/email/totp_activated": ("mfa_enabled", _notice),
    "mfa/email/totp_deactivated": ("mfa_disabled", _notice),
    "mfa/email/recovery_codes_generated": ("recovery_codes_changed", _notice),
    "mfa_reset": ("mfa_reset", _notice),
    "new_sign_in": ("new_sign_in", _notice),
    "mfa/email/webauthn_added": ("passkey_added", _notice),
    "mfa/email/webauthn_removed": ("passkey_removed", _notice),
}
