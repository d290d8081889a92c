"""What readers tell us: an address, and what they want to hear about."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from ilytat.integrations.email import EmailFormField
from notifications import consent
from notifications.models import Subscriber


class JoinForm(forms.Form):
    email = EmailFormField(
        label=_("E-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "class": "field__input"}),
    )


class ChoicesForm(forms.Form):
    """Begins with what the reader has chosen; nothing ticked means leaving."""

    news = forms.BooleanField(label=_("News: new designs, a few times a month at most"), required=False)
    carts = forms.BooleanField(label=_("One reminder when I leave something in my cart"), required=False)
    stock = forms.BooleanField(label=_("One word when something I asked for is back in stock"), required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    def __init__(self, reader: Subscriber, data: Any = None) -> None:
        chosen = {topic: getattr(reader, topic) for topic in consent.TOPICS}
        super().__init__(data, initial={**chosen, "language": reader.language})

    @property
    def topics(self) -> list[str]:
        return [topic for topic in consent.TOPICS if self.cleaned_data[topic]]
