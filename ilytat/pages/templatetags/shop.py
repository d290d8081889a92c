"""The shop's template vocabulary, available in every template."""

from django import template
from django.conf import settings
from django.utils.translation import gettext, gettext_noop

from ilytat.pages import markup
from ilytat.pages import money as money_

register = template.Library()
register.filter(markup.cleaned)
register.filter(markup.prose)

# The categories every shop begins with; those that staff name themselves stay as they are.
FIRST_CATEGORIES = (
    gettext_noop("Apparel"),
    gettext_noop("Home & Living"),
    gettext_noop("Accessories"),
    gettext_noop("Gifts"),
)


@register.filter
def money(amount: int | None, currency: str = "") -> str:
    return "" if amount is None else money_.format_money(amount, currency or settings.SHOP_CURRENCY)


@register.filter
def translated(words: str) -> str:
    """Words kept in the database that begin as ours, in the reader's language; anything else as it is."""
    return gettext(words)
