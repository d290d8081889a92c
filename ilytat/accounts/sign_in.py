"""Around signing in: a welcome when the address is confirmed, and a word when somebody signs in from elsewhere."""

import re
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed, user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from ilytat.accounts import mails
from ilytat.accounts.models import User

KEPT = 20
FRESH = timedelta(hours=1)


@receiver(user_logged_in, dispatch_uid="new_sign_in")
def tell_of_new_browser(request: HttpRequest, user: User, **_: Any) -> None:
    """A browser is known by what it calls itself, which needs no cookie, and not by its address, which travels.

    The sign-in that follows the sign-up is nobody's news.
    """
    mark = _mark(request.headers.get("User-Agent", ""))
    if mark in user.known_browsers:
        return
    if timezone.now() - user.date_joined > FRESH:
        mails.new_sign_in(user, request)
    user.known_browsers = [*user.known_browsers, mark][-KEPT:]
    user.save(update_fields=["known_browsers"])


def _mark(agent: str) -> str:
    """The same over the versions of a browser, which come every month."""
    return salted_hmac("browser", re.sub(r"[\d.]+", "", agent)).hexdigest()[:16]


@receiver(email_confirmed, dispatch_uid="welcome")
def welcome(email_address: EmailAddress, **_: Any) -> None:
    """Once in an account's life, when its first address is confirmed."""
    user: User = email_address.user
    if EmailAddress.objects.filter(user=user, verified=True).count() == 1:
        mails.welcome(user, orders=user.orders.count())
