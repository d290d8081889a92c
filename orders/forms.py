"""What may come in from the cart, checkout and order forms: ids, quantities and addresses, never a price."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from orders.addresses import CA_PROVINCES, US_STATES, Address, problems, tidy

MAX_ID = 2**31 - 1


class AddForm(forms.Form):
    product = forms.IntegerField(min_value=1, max_value=MAX_ID)
    variant = forms.IntegerField(min_value=1, max_value=2**53)
    quantity = forms.IntegerField(min_value=1, max_value=settings.QUANTITY_MAX, initial=1)


class LineForm(forms.Form):
    line = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False)
    quantity = forms.IntegerField(min_value=0, max_value=settings.QUANTITY_MAX, required=False)
    country = forms.ChoiceField(choices=[(code, code) for code in settings.SHIP_TO_COUNTRIES], required=False)


class FindForm(forms.Form):
    number = forms.CharField(label=_("Order number"), max_length=20)
    email = forms.EmailField(label=_("E-mail address"))


COUNTRY_NAMES = {"US": _("United States"), "CA": _("Canada")}
REGION_CHOICES = [
    ("", "---"),
    (_("United States"), [(code, code) for code in US_STATES]),
    (_("Canada"), [(code, code) for code in CA_PROVINCES]),
]


def _field(label: Any, autocomplete: str, max_length: int, *, required: bool = True, **attrs: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete} | attrs)
    return forms.CharField(label=label, max_length=max_length, required=required, widget=widget)


class CheckoutForm(forms.Form):
    """Address and delivery. `method` is checked against the quote by the view, which alone knows what is offered."""

    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"})
    )
    name = _field(_("Full name"), "name", 120)
    address1 = _field(_("Address"), "address-line1", 120)
    address2 = _field(_("Apartment, suite"), "address-line2", 120, required=False)
    city = _field(_("City"), "address-level2", 80)
    region = forms.ChoiceField(
        label=_("State or province"),
        choices=REGION_CHOICES,
        required=False,
        widget=forms.Select(attrs={"autocomplete": "address-level1"}),
    )
    zip = _field(_("ZIP or postal code"), "postal-code", 20)
    country = forms.ChoiceField(
        label=_("Country"),
        choices=[(code, COUNTRY_NAMES.get(code, code)) for code in settings.SHIP_TO_COUNTRIES],
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )
    phone = _field(_("Phone"), "tel", 30, required=False, inputmode="tel")
    method = forms.CharField(max_length=20, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            for field, words in problems(self.address()).items():
                self.add_error(field, words)
        return cleaned

    def address(self) -> Address:
        return tidy(Address(**{name: self.cleaned_data[name] for name in Address.__dataclass_fields__}))
