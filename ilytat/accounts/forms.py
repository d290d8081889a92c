"""What may come in from the account's own pages: named fields and nothing else."""

import uuid
from typing import Any

from allauth.account.fields import EmailField
from allauth.account.forms import AddEmailForm, LoginForm, ResetPasswordForm, SignupForm, default_token_generator
from allauth.account.internal.flows.email_verification import get_address_for_user
from allauth.account.utils import has_verified_email, user_pk_to_url_str
from django import forms
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ilytat.accounts import emails
from ilytat.accounts.models import Address, User
from ilytat.integrations import privacy
from ilytat.integrations.email import EmailFormField
from notifications import outbox
from notifications.models import OutgoingEmail
from orders.forms import CheckoutForm


class DetailsForm(forms.ModelForm[User]):
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, help_text=_("Of our pages and of the mails we write to you.")
    )

    class Meta:
        model = User
        fields = ("first_name", "language")
        labels = {"first_name": _("Name")}
        widgets = {"first_name": forms.TextInput(attrs={"autocomplete": "name"})}


class AddressForm(CheckoutForm):
    """The checkout's address, with the checkout's checks."""

    email = None  # type: ignore[assignment]  # Django's way of dropping an inherited field
    method = None  # type: ignore[assignment]  # as above
    cart_reminder = None  # type: ignore[assignment]  # as above
    usual = forms.BooleanField(label=_("Use this one first"), required=False)

    def keep(self, address: Address) -> None:
        values: dict[str, Any] = self.address().as_columns()
        for name, value in values.items():
            setattr(address, name, value)
        address.usual = self.cleaned_data["usual"]
        address.save()
        if address.usual:
            Address.objects.filter(user=address.user).exclude(pk=address.pk).update(usual=False)


class EmailForm(forms.Form):
    email = EmailFormField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))


class EraseForm(forms.Form):
    sure = forms.BooleanField(
        label=_("Yes, delete what you keep of me. I know that it cannot be undone."),
        error_messages={"required": _("Please tick the box first: this cannot be undone.")},
    )


class AddressField(EmailFormField, EmailField):  # type: ignore[misc]  # allauth ships no types
    """allauth's field, with the normalized address in `cleaned_data`."""


class ShopLoginForm(LoginForm):  # type: ignore[misc]  # as above
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = AddressField()


class ShopAddEmailForm(AddEmailForm):  # type: ignore[misc]  # as above
    email = AddressField()


class ShopSignupForm(SignupForm):  # type: ignore[misc]  # as above
    email = AddressField()

    def try_save(self, request: HttpRequest) -> Any:
        """For an address that has an account: all the work of making one, and nothing of it stays."""
        with transaction.atomic():
            if not self.account_already_exists:
                return super().try_save(request)
            self._save_nobody(request)
            transaction.set_rollback(True)
        return super().try_save(request)

    def _save_nobody(self, request: HttpRequest) -> None:
        typed = self.cleaned_data["email"]
        self.account_already_exists, self.cleaned_data["email"] = False, privacy.anonymous_address()
        try:
            user = self.save(request)
            # What the sign-in that follows a sign-up asks for.
            has_verified_email(user)
            User.objects.get(pk=get_address_for_user(user).user_id)
        finally:
            self.account_already_exists, self.cleaned_data["email"] = True, typed


class ShopResetPasswordForm(ResetPasswordForm):  # type: ignore[misc]  # as above
    email = AddressField()

    def clean_email(self) -> str:
        """Nothing is looked up here, unlike in allauth: `write_reset_mail` does."""
        return str(self.cleaned_data["email"])

    def save(self, request: HttpRequest, **_: Any) -> str:  # noqa: ARG002 (allauth's signature)
        """Notes the address; `write` finds out whose it is."""
        email = str(self.cleaned_data["email"])
        if not emails.too_many(email, "password_reset", "unknown_account"):
            key, language = f"password_reset:{uuid.uuid4().hex}", get_language() or "en"
            outbox.queue("password_reset", dedupe_key=key, to=email, language=language, context=_link(email, ""))
        return email


def write_reset_mail(mail: OutgoingEmail) -> outbox.Changes:
    """The mail of a reset: the link for the owner of an account, and for everybody else that there is none."""
    user = User.objects.with_address(mail.to)
    if user is None or not user.is_active:
        url = settings.SITE_URL + reverse("account_signup")
        return {"kind": "unknown_account", "context": _link(mail.to, url)}
    given = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    url = settings.SITE_URL + reverse("account_reset_password_from_key", kwargs=given)
    return {"language": user.language or mail.language, "context": _link(mail.to, url)}


def _link(email: str, url: str) -> dict[str, str]:
    return {"email": email, "url": url, "other_url": ""}
