"""The shop's template vocabulary, available in every template."""

import nh3
from django import template
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from ilytat import money as money_

register = template.Library()

ALLOWED_TAGS = {
    "p",
    "br",
    "ul",
    "ol",
    "li",
    "strong",
    "b",
    "em",
    "i",
    "u",
    "h3",
    "h4",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "span",
    "div",
}


@register.filter
def money(amount: int | None, currency: str = "") -> str:
    return "" if amount is None else money_.written(amount, currency or settings.SHOP_CURRENCY)


@register.filter
def cleaned(html: str) -> SafeString:
    """Printify's HTML, reduced to a short list of tags without any attribute: no link, picture, style or script."""
    return mark_safe(nh3.clean(html or "", tags=ALLOWED_TAGS, attributes={}))  # noqa: S308 (nh3 is the point)
