"""How allauth fits the shop: its mails go through our outbox, its links begin with SITE_URL."""

from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from ilytat.accounts import emails
from ilytat.accounts.models import User
from ilytat.integrations.email import normalize_email


def display_name(user: User) -> str:
    """Return what pages and passkeys call the user: not str(user), which the admin's log keeps without an address."""
    return user.email


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def send_mail(self, template_prefix: str, email: str, context: Mapping[str, Any]) -> None:
        """What allauth calls by a template is a kind of ours."""
        emails.queue(template_prefix, email, context, language=self._language(context))

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: Mapping[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Always sent, whatever ACCOUNT_EMAIL_NOTIFICATIONS says: the owner hears of every change."""
        to = email or EmailAddress.objects.get_primary_email(user) or user.email
        values: dict[str, Any] = {
            "user": user,
            "timestamp": timezone.now(),
            "ip": self.get_client_ip(self.request),
            "user_agent": self.get_http_user_agent(self.request) or "",
        }
        values |= context or {}
        # Of a changed address both are told: allauth writes to the one before only.
        for address in {to, values["to_email"]} if template_prefix == emails.CHANGED else {to}:
            self.send_mail(template_prefix, address, values)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: FBT001, FBT002 (allauth's signature)
        """Mails will speak the language of the page the account was made on."""
        user.language = get_language() or ""
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def clean_email(self, email: str) -> str:
        """Return the normalized address: allauth stores this and compares it with `=`."""
        return normalize_email(email)

    def _language(self, context: Mapping[str, Any]) -> str:
        user = context.get("user")
        return (user.language if isinstance(user, User) else "") or get_language() or "en"
