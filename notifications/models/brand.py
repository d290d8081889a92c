"""What pages and mails say of the shop."""

import hashlib
from functools import partial
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models, transaction
from django.utils.translation import gettext_noop

from notifications.models.email_colors import EmailColors

LINKS_MAX = 12
NAME_MAX = 40  # characters

_https = URLValidator(schemes=["https"])


def social_links() -> list[dict[str, str]]:
    return [
        {"name": "TikTok", "url": "https://www.tiktok.com/@Positive_Echoes"},
        {"name": "Facebook", "url": "https://www.facebook.com/Ilytat-Designs"},
    ]


class Brand(EmailColors):
    """One row: what pages and mails say of the shop. Edited in the admin; the defaults are the owner's facts."""

    name = models.CharField(max_length=60, default="ILYTAT Designs")
    legal_name = models.CharField(max_length=80, default="ILYTAT LLC")
    tagline = models.CharField(max_length=120, default=gettext_noop("Unique. Creative. Yours."))
    support_email = models.EmailField(default="support@ilytat.com")
    phone = models.CharField(max_length=30, default="(708) 627-1854")
    address = models.CharField(max_length=200, default="2045 W Grand Ave STE B, PMB 820188, Chicago, IL 60612, USA")
    hours = models.CharField(max_length=120, default=gettext_noop("Monday to Friday, 9 a.m. to 5 p.m. Central Time"))
    legal_lines = models.TextField(
        blank=True, help_text="Register, tax number and whatever else the law wants at the foot of pages and mails."
    )
    announcement = models.CharField(max_length=160, blank=True)
    logo = models.ImageField(upload_to="brand/", blank=True)
    social = models.JSONField(default=social_links, blank=True, help_text='[{"name": "TikTok", "url": "https://…"}]')

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        # Now for this transaction, and again when others can see what was saved.
        cache.delete(cache_key())
        transaction.on_commit(partial(cache.delete, cache_key()))

    def clean(self) -> None:
        """Social links go into pages and emails as they are: names and https addresses only."""
        super().clean()
        wrong = _wrong(self.social)
        if wrong:
            raise ValidationError({"social": wrong})


def cache_key() -> str:
    """Return the key of the cached row. It names the fields: a row of another release may lack one."""
    names = " ".join(field.attname for field in Brand._meta.concrete_fields)  # noqa: SLF001 (Django's documented name)
    return f"brand:{hashlib.sha256(names.encode()).hexdigest()[:16]}"


def _wrong(links: object) -> list[str]:
    if not isinstance(links, list) or len(links) > LINKS_MAX:
        return [f"A list of at most {LINKS_MAX} links, please."]
    return [words for words in map(_wrong_with, links) if words]


def _wrong_with(link: object) -> str:
    """What is wrong with it, or ""."""
    if not isinstance(link, dict) or set(link) != {"name", "url"}:
        return "A name and an address for each link, please."
    name, url = link["name"], link["url"]
    if not isinstance(name, str) or not name or len(name) > NAME_MAX:
        return f"A name of at most {NAME_MAX} letters for {url}, please."
    try:
        _https(url)
    except ValidationError:
        return f"An address for {name} that begins with https://, please."
    return ""
