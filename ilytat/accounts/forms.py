"""What may come in from the account's own pages: named fields and nothing else."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from ilytat.accounts.models import Address, User
from ilytat.integrations.email import EmailFormField
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
