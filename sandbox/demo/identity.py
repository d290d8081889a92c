"""Ids that look like Printify's and come out the same on every machine."""

import hashlib
import re
import unicodedata


def hex_id(kind: str, key: str) -> str:
    """24 hexadecimal digits, as Printify gives products, uploads and orders."""
    return hashlib.sha256(f"{kind}:{key}".encode()).hexdigest()[:24]


def digits(key: str, length: int) -> str:
    number = int(hashlib.sha256(key.encode()).hexdigest(), 16)
    return str(number)[1 : length + 1]


def slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
