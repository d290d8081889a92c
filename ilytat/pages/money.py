"""Money: whole numbers of the minor unit. This is the one place that knows exponents and how money is written."""

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency
from django.utils.translation import get_language, to_locale

# Stripe's rules, not ISO 4217's (stripe contract, section 8): UGX and ISK are sent times a hundred there.
ZERO_DECIMAL = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
THREE_DECIMAL = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])


def exponent(currency: str) -> int:
    code = currency.upper()
    return 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2


def major(amount: int, currency: str) -> Decimal:
    """1234 USD minor units → Decimal("12.34")."""
    return Decimal(amount).scaleb(-exponent(currency))


def minor(amount: Decimal, currency: str) -> int:
    """Decimal("12.34") of USD → 1234. `amount` has no more places than the currency."""
    return int(amount.scaleb(exponent(currency)))


def format_money(amount: int, currency: str, language: str | None = None) -> str:
    """As a person of that language writes it: $12.34, 12,34 $US."""
    return _written(amount, currency.upper(), to_locale(language or get_language() or "en"))


@lru_cache(maxsize=4096)  # a page writes few different prices, again and again
def _written(amount: int, currency: str, locale: str) -> str:
    return format_currency(major(amount, currency), currency, locale=locale)
