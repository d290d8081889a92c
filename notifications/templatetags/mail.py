"""How mails write days and moments, which their contexts carry as ISO 8601."""

import re
from datetime import date, datetime

from babel.dates import format_date, format_skeleton, format_time
from django import template
from django.utils import timezone
from django.utils.translation import get_language, to_locale

register = template.Library()


def _locale() -> str:
    return to_locale(get_language() or "en")


# Short in English only: elsewhere short names carry dots and commas, which read badly inside a sentence.
LONG = {"es": "EEEE d 'de' MMMM", "fr": "EEEE d MMMM"}


def _day(date_: date) -> str:
    pattern = LONG.get((get_language() or "en")[:2])
    return format_date(date_, pattern, _locale()) if pattern else format_skeleton("MMMEd", date_, locale=_locale())


@register.filter
def day(iso: str) -> str:
    """2026-11-03 → Tue, Nov 3; mardi 3 novembre."""
    return _day(date.fromisoformat(iso[:10]))


@register.filter
def moment(iso: str) -> str:
    """2026-11-03T21:42:00+00:00 → Tue, Nov 3, 3:42 PM CST (in the shop's time, which it names)."""
    at = timezone.localtime(datetime.fromisoformat(iso))
    hour = format_time(at.timetz(), "short", locale=_locale())
    return f"{_day(at.date())}, {hour} {at.tzname()}"


@register.filter
def paragraphs(text: str) -> list[str]:
    """An empty line begins a new one."""
    return [part.strip() for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")) if part.strip()]


@register.filter
def first_word(name: str) -> str:
    return name.partition(" ")[0]


@register.filter
def other_words(name: str) -> str:
    return name.partition(" ")[2]
