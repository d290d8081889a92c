"""Money as people read it on the sandbox's pages; the API speaks minor units only."""

from decimal import Decimal

ZERO_DECIMAL = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}
)
SIGNS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "cad": "CA$", "aud": "A$"}


def spoken(amount: int, currency: str) -> str:
    places = 0 if currency in ZERO_DECIMAL else 2
    number = f"{Decimal(amount).scaleb(-places):,.{places}f}"
    return f"{SIGNS[currency]}{number}" if currency in SIGNS else f"{number} {currency.upper()}"
