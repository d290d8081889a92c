"""What may come in from the cart, checkout and order forms: ids, quantities and addresses, never a price."""

import unicodedata
from collections.abc import Iterable
from copy import copy
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from catalog.models import Product, Variant
from ilytat.integrations.email import EmailFormField
from ilytat.pages.countries import country_name
from orders.addresses import REGION_NAMES, REGIONS, Address, problems, tidy
from orders.latin import in_latin
from orders.models import Order, OrderLine
from orders.models.claim import ClaimKind
from orders.photos import MOST

MAX_ID = 2**31 - 1
ON_THE_LABEL = ("name", "address1", "address2", "city", "zip", "phone")
LATIN_ONLY = _(
    "Shipping labels can only show Latin letters. We wrote it as “%(spelled)s”: check it, correct it and send it again."
)
EMAIL_ERRORS = {
    "required": _("Please give your e-mail address."),
    "invalid": _("Please check the e-mail address: it should look like name@example.com."),
}


class AddForm(forms.Form):
    """`back` says that the cart, not the product's page, comes next: what was taken out is put back."""

    product = forms.IntegerField(min_value=1, max_value=MAX_ID)
    variant = forms.IntegerField(min_value=1, max_value=2**53)
    quantity = forms.IntegerField(min_value=1, max_value=settings.QUANTITY_MAX, initial=1)
    back = forms.ChoiceField(choices=[("cart", "cart")], required=False)


class LineForm(forms.Form):
    line = forms.IntegerField(min_value=1, max_value=MAX_ID, required=False)
    quantity = forms.IntegerField(min_value=0, max_value=settings.QUANTITY_MAX, required=False)
    country = forms.ChoiceField(choices=[(code, code) for code in settings.SHIP_TO_COUNTRIES], required=False)


class FindForm(forms.Form):
    number = forms.CharField(
        label=_("Order number"),
        max_length=20,
        help_text=_("Eight letters and figures, in each of our mails."),
        error_messages={"required": _("Please give the order number.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    email = EmailFormField(
        label=_("E-mail"),
        help_text=_("The one you gave when you ordered."),
        error_messages=EMAIL_ERRORS,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_number(self) -> str:
        """As people write it: with spaces, dashes or a # before it."""
        return "".join(letter for letter in self.cleaned_data["number"] if letter.isalnum()).upper()


class SoldOut(forms.ModelChoiceField[Variant]):
    def label_from_instance(self, obj: Variant) -> str:
        """What was chosen, without the product's name: the page is about one product."""
        return obj.label


class WatchForm(forms.Form):
    """Which of a product's sold-out variants somebody waits for; `variant` is Printify's id, as in the cart's form."""

    variant = SoldOut(
        queryset=Variant.objects.none(),
        to_field_name="variant_id",
        label=_("Which one?"),
        empty_label=None,
        error_messages={"invalid_choice": _("Please choose one that is sold out: this one is not, or not any more.")},
    )
    email = EmailFormField(
        label=_("E-mail"),
        error_messages=EMAIL_ERRORS,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def __init__(self, product: Product, data: Any = None, *, initial: dict[str, str]) -> None:
        super().__init__(data, initial=initial)
        self.variants = product.variants.offered().filter(is_available=False).select_related("product")
        self.fields["variant"].queryset = self.variants  # type: ignore[attr-defined]  # stubs know it as a plain field


def country_choices(codes: Iterable[str] | None = None) -> list[tuple[str, str]]:
    """Of these countries, else of all the shop sends to."""
    return [(code, country_name(code)) for code in (settings.SHIP_TO_COUNTRIES if codes is None else codes)]


def region_choices() -> list[tuple[Any, Any]]:
    """Under the names of their countries: the page keeps the chosen country's group by that name."""
    groups = [(country, codes) for country, codes in REGIONS.items() if country in settings.SHIP_TO_COUNTRIES]
    return [("", _("Please choose"))] + [
        (country_name(country), sorted(((x, REGION_NAMES[country][x]) for x in codes), key=lambda pair: pair[1]))
        for country, codes in groups
    ]


def _line(label: Any, missing: Any, autocomplete: str, max_length: int) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=max_length, error_messages={"required": missing}, widget=widget)


class EmailForm(forms.Form):
    """Showing that an order is one's own."""

    email = EmailFormField(
        label=_("E-mail"),
        help_text=_("The one you gave when you ordered."),
        error_messages=EMAIL_ERRORS,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=12,
        help_text=_("Six figures, in the mail we have just sent."),
        error_messages={"required": _("Please give the code.")},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class AddressForm(forms.Form):
    """Where it goes, in Latin letters: another script is written in them, for the buyer to check and send once more."""

    country = forms.ChoiceField(
        label=_("Country"), choices=country_choices, widget=forms.Select(attrs={"autocomplete": "country"})
    )
    name = _line(_("Full name"), _("Please give your first and last name."), "name", 120)
    address1 = _line(_("Address"), _("Please give the street and the house number."), "address-line1", 120)
    address2 = forms.CharField(
        label=_("Apartment, suite or unit"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-line2"}),
    )
    city = _line(_("City"), _("Please give the city."), "address-level2", 80)
    region = forms.ChoiceField(
        label=_("State or province"),
        choices=region_choices,
        required=False,
        widget=forms.Select(attrs={"autocomplete": "address-level1"}),
    )
    zip = _line(_("ZIP or postal code"), _("Please give the postal code."), "postal-code", 20)
    phone = forms.CharField(
        label=_("Phone"),
        max_length=30,
        required=False,
        help_text=_("Only for the carrier, if it cannot find your door."),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self._offer_latin_letters()
        for field, words in problems(self.address()).items():
            if field not in self.errors:
                self.add_error(field, words)
        return cleaned

    def _offer_latin_letters(self) -> None:
        """Put the Latin spelling into the fields. There is no way to keep the other one: no label could show it."""
        data: Any = copy(self.data)  # what was posted is immutable
        for name in ON_THE_LABEL:
            written = unicodedata.normalize("NFC", self.cleaned_data.get(name, ""))
            spelled = in_latin(written)
            if spelled != written:
                data[self.add_prefix(name)] = spelled
                self.add_error(name, LATIN_ONLY % {"spelled": spelled})
        self.data = data

    def address(self) -> Address:
        """As far as it could be read; whole when the form is valid."""
        return tidy(Address(**{name: self.cleaned_data.get(name, "") for name in Address.__dataclass_fields__}))


class CheckoutForm(AddressForm):
    """Address and delivery. `method` is checked against the quote by the view, which alone knows what is offered."""

    email = EmailFormField(
        label=_("E-mail"),
        help_text=_("For the confirmation and news of your parcel."),
        error_messages=EMAIL_ERRORS,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    method = forms.CharField(max_length=20, required=False)
    cart_reminder = forms.BooleanField(label=_("Email me one reminder if I leave without paying."), required=False)

    field_order = ["email"]


class Several(forms.FileInput):
    allow_multiple_selected = True


class Photos(forms.FileField):
    """Several files at once; each is judged where it is drawn anew."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:  # noqa: ARG002 (Django's signature)
        return list(data or [])


class LineChoice(forms.ModelMultipleChoiceField[OrderLine]):
    def label_from_instance(self, line: OrderLine) -> str:
        return f"{line.quantity} × {line.title} ({line.label})"


class ClaimForm(forms.Form):
    """`photos` are judged by the view; `key` makes a second press find the first claim."""

    kind = forms.ChoiceField(
        label=_("What is wrong?"),
        choices=[(kind.value, kind.label) for kind in ClaimKind if kind != ClaimKind.WITHDRAWAL],
        error_messages={"required": _("Please say what is wrong.")},
    )
    lines = LineChoice(
        queryset=OrderLine.objects.none(),
        label=_("With what?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Please choose at least one.")},
    )
    words = forms.CharField(
        label=_("What should we know?"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    photos = Photos(
        label=_("Photos"),
        required=False,
        help_text=_("Up to %(n)s, JPEG, PNG or WebP, 10 MB each. Only we see them.") % {"n": MOST},
        widget=Several(attrs={"multiple": True, "accept": "image/jpeg,image/png,image/webp"}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, order: Order, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        field = self.fields["lines"]
        assert isinstance(field, LineChoice)  # noqa: S101 (tells the type checker which field it is)
        field.queryset = order.lines.all()
        if len(field.queryset) == 1:
            field.initial = field.queryset
