"""Names of objects, of the length and alphabet Stripe gives them."""

import secrets
import string

ALPHABET = string.ascii_letters + string.digits


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new(prefix: str) -> str:
    return f"{prefix}_1{_random(23)}"


def customer() -> str:
    return f"cus_{_random(14)}"


def payment(prefix: str) -> str:
    """Payment intents and what hangs on them (charges, refunds) are counted as generation 3."""
    return f"{prefix}_3{_random(23)}"


def session(*, livemode: bool) -> str:
    return f"cs_{'live' if livemode else 'test'}_a1{_random(56)}"


def secret(owner: str) -> str:
    return f"{owner}_secret_{_random(24)}"


def webhook_secret() -> str:
    return f"whsec_{_random(32)}"


def request() -> str:
    return f"req_{_random(14)}"
