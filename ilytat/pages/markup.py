"""HTML that others wrote, made harmless."""

import nh3
from django.utils.safestring import SafeString, mark_safe

INLINE = {"strong", "b", "em", "i", "u", "span", "br"}
BLOCKS = {"p", "ul", "ol", "li", "h3", "h4", "div", "table", "thead", "tbody", "tr", "th", "td"}
ALLOWED_TAGS = INLINE | BLOCKS
LINKS = {"https", "mailto", "tel"}


def cleaned(html: str) -> SafeString:
    """Printify's HTML, reduced to a short list of tags without any attribute: no link, picture, style or script."""
    return mark_safe(nh3.clean(html or "", tags=ALLOWED_TAGS, attributes={}))  # noqa: S308 (nh3 is the point)


def prose(html: str) -> SafeString:
    """What staff wrote for a page of the shop: as above, with headings and plain links."""
    tags = ALLOWED_TAGS | {"a", "h2"}
    return mark_safe(nh3.clean(html, tags=tags, attributes={"a": {"href"}}, url_schemes=LINKS))  # noqa: S308 (as above)
