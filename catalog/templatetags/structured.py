"""Structured data for search engines, as a data block: nothing in it is executed, and nothing in it can end it."""

import json
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from catalog.models import Product
from catalog.storefront.seo import absolute, crumbs, site

register = template.Library()

# The characters with which text could leave the block, written so that JSON reads them back as themselves.
ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@register.simple_tag
def structured_data(data: dict[str, Any], brand: str) -> SafeString:
    return _block(data | {"brand": {"@type": "Brand", "name": brand}})


@register.simple_tag
def structured_crumbs(product: Product) -> SafeString:
    return _block(crumbs(product))


@register.simple_tag
def structured_site(name: str) -> SafeString:
    return _block(site(name))


@register.simple_tag
def absolute_static(path: str) -> str:
    """A file of ours with the shop's address: others, who read our links, know no relative ones."""
    return absolute(static(path))


def _block(named: dict[str, Any]) -> SafeString:
    text = json.dumps(named, ensure_ascii=False, default=str).translate(ESCAPES)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))  # noqa: S308 (escaped above)
