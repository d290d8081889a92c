"""Around signing in: a welcome when the address is confirmed, and a word when somebody signs in from elsewhere."""

from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.dispatch import receiver

from ilytat.integrations.email import normalized_or_blank

if TYPE_CHECKING:
    from ilytat.accounts.models import User

import re
from datetime import timedelta

from allauth.account.signals import user_logged_in
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from ilytat.accounts import emails
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
        emails.new_sign_in(user, request)
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
        emails.welcome(user, orders=user.orders.count())


@receiver(email_confirmed, dispatch_uid="claim_guest_orders")
def claim_guest_orders(email_address: EmailAddress, **_: Any) -> None:
    """Only a confirmed address claims, and only orders that are nobody's: typing an address proves nothing."""
    address: str = email_address.email
    if normalized_or_blank(address) != address:
        return  # allauth's column may hold an older spelling; the lookup below would normalize it into another address
    user: User = email_address.user
    guests = user.orders.model._default_manager.filter(user__isnull=True)  # noqa: SLF001 (Django's documented name)
    guests.filter(email=address).update(user=user)


BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)  # each names itself after those it wants to be taken for: the order matters
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
MOST = 120


def browser_name(agent: str) -> str:
    """As in "Firefox · Linux", the same in every language; what nobody knows, as it came."""
    known = [next((name for mark, name in names if mark in agent), "") for names in (BROWSERS, SYSTEMS)]
    return " · ".join(name for name in known if name) or agent[:MOST]
