"""Around signing in: a welcome when the address is confirmed, and a word when somebody signs in from elsewhere."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed, user_logged_in
from django.conf import settings
from django.core import signing
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from ilytat.accounts import mails
from ilytat.accounts.models import User

COOKIE = "known"
YEARS = 60 * 60 * 24 * 730  # seconds
SALT = "known-browser"
MOST = 5  # accounts one browser is remembered for


@receiver(user_logged_in, dispatch_uid="new_sign_in")
def tell_of_new_browser(request: HttpRequest, user: User, response: HttpResponse, **_: Any) -> None:
    """A browser is known by its cookie, not by its address, which changes with every train ride."""
    known = _known(request)
    if user.pk in known:
        return
    response.set_cookie(
        COOKIE,
        signing.dumps([*known, user.pk][-MOST:], salt=SALT),
        max_age=YEARS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    if user.last_login and _has_signed_in_before(user):
        mails.new_sign_in(user, request)


def _known(request: HttpRequest) -> list[int]:
    try:
        return list(signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=YEARS))
    except signing.BadSignature:
        return []


def _has_signed_in_before(user: User) -> bool:
    """The sign-in that follows the sign-up is nobody's news."""
    return (timezone.now() - user.date_joined).total_seconds() > 60 * 60


@receiver(email_confirmed, dispatch_uid="welcome")
def welcome(email_address: EmailAddress, **_: Any) -> None:
    """Once in an account's life, when its first address is confirmed."""
    user: User = email_address.user
    if EmailAddress.objects.filter(user=user, verified=True).count() == 1:
        mails.welcome(user, orders=user.orders.count())
