"""Names of countries, as the reader's language has them. Codes are what is stored and sent."""

from babel import Locale
from django.utils.translation import get_language, to_locale


def country_name(code: str) -> str:
    """In the reader's language; the code itself for a country that Babel does not know."""
    names: dict[str, str] = dict(Locale.parse(to_locale(get_language() or "en")).territories)
    return names.get(code, code)
