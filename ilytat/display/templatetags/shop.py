"""The shop's template vocabulary, available in every template."""

from django import template
from django.conf import settings

from ilytat.display import markup
from ilytat.display import money as money_

register = template.Library()
register.filter(markup.cleaned)
register.filter(markup.prose)


@register.filter
def money(amount: int | None, currency: str = "") -> str:
    return "" if amount is None else money_.written(amount, currency or settings.SHOP_CURRENCY)
