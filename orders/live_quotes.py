"""Live shipping quotes: what Printify answers for these lines and this place, and when it is not asked.

The buyer waits for this, so the calls are short and their answers are stored for some minutes. Three things keep one
visitor, product or print provider from stopping checkout for all: a limit per asker, a short memory of what Printify
refused, and a pause after a failure for the products, or the print provider, that explain it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.core.cache import cache
from limits import parse

from catalog.models import Product
from catalog.printify.client import printify
from ilytat.integrations import limits
from ilytat.integrations.errors import IntegrationError, Refused

STORED_SECONDS = 600
REFUSED_SECONDS = 300
PAUSE_SECONDS = 30
# Printify's codes (contract, section 3).
ADDRESS_INVALID, OTHER_SHOPS_PRODUCT = "8103", "8104"
PRODUCT_UNKNOWN = (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)
ADDRESS, PRODUCT, OTHER = "address", "product", "other"  # what a refusal is about
# By the kind of asker. A shopper needs one question per change and package. An office or a mobile network shares one
# address, which still gets less than a third of what `catalog.printify.rate_budget` allows a minute.
LIMITS = {"cart": parse("30/minute"), "order": parse("30/minute"), "client": parse("150/minute")}
# The key (401) and the rate limit (429) fail every question alike, and so does a silence (0): no product explains them.
ABOUT_NO_PRODUCT = (0, HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)


class AddressRefused(Exception):
    """Printify does not send these products to this address."""


class ProductUnknown(Exception):
    """Printify does not know one of these products."""


class AskedTooOften(Exception):
    """One of the askers is over its limit."""


@dataclass(frozen=True)
class QuoteLine:
    """One line to be sent. `product` is None when the shop has it no more: Printify may still make it."""

    printify_id: str
    variant_id: int
    quantity: int
    product: Product | None

    @property
    def provider(self) -> int:
        return self.product.print_provider_id if self.product else 0

    def as_line(self) -> dict[str, object]:
        return {"product_id": self.printify_id, "variant_id": self.variant_id, "quantity": self.quantity}


@dataclass(frozen=True)
class Question:
    """Lines of one print provider, or of too many to ask one by one, and where they go."""

    lines: Sequence[QuoteLine]
    address: dict[str, str]

    @property
    def answer_key(self) -> str:
        return _key("quote", [[x.as_line() for x in self.lines], self.address])

    @property
    def refusal_key(self) -> str:
        """Without the quantities: another one does not change what Printify refuses."""
        return _key("quote-refused", [sorted([x.printify_id, x.variant_id] for x in self.lines), self.address])

    @property
    def products(self) -> set[str]:
        return {x.printify_id for x in self.lines}

    @property
    def suspects_key(self) -> str:
        """One per print provider. A question of several, or of an unknown one, has its own."""
        providers = {x.provider for x in self.lines}
        if len(providers) == 1 and 0 not in providers:
            return _suspects_key(providers.pop())
        return _key("quote-suspects", sorted(self.products))


def stored(question: Question) -> dict[str, int] | None:
    """Return method → cost as Printify said some minutes ago, or None."""
    costs: dict[str, int] | None = cache.get(question.answer_key)
    return costs


def ask(question: Question, askers: Sequence[str]) -> dict[str, int] | None:
    """Return method → cost from Printify; None when it cannot tell or is not asked because of a pause.

    `askers` are "cart:…", "order:…" or "client:…". Raises AskedTooOften; AddressRefused or ProductUnknown, also from
    memory; and IntegrationError when Printify gives no answer.
    """
    if subject := cache.get(question.refusal_key):
        _refuse(subject)
        return None
    if _is_paused(question):
        return None
    if not all(limits.hit(LIMITS[asker.partition(":")[0]], "quote", asker) for asker in askers):
        raise AskedTooOften
    try:
        costs = printify().shipping_costs([x.as_line() for x in question.lines], question.address)
    except Refused as error:
        subject = _refused_subject(error)
        cache.set(question.refusal_key, subject, REFUSED_SECONDS)
        _refuse(subject)
        return None
    except IntegrationError as error:
        _pause(question, error)
        raise
    cache.set(question.answer_key, costs, STORED_SECONDS)
    return costs


def _refused_subject(error: Refused) -> str:
    if error.code == ADDRESS_INVALID:
        return ADDRESS
    return PRODUCT if error.code == OTHER_SHOPS_PRODUCT or error.status in PRODUCT_UNKNOWN else OTHER


def _refuse(subject: str) -> None:
    """Raise what a refusal means. One of another kind is our trouble: the rate card may still price the question."""
    if subject == ADDRESS:
        raise AddressRefused
    if subject == PRODUCT:
        raise ProductUnknown


def _is_paused(question: Question) -> bool:
    """Suspects are the products that each failed question of a print provider had in common (see `_pause`).

    A question with all of them would fail too. No suspects are left when no single product explains the failures:
    then all questions to that provider are paused.
    """
    keys = {question.suspects_key} | {_suspects_key(x.provider) for x in question.lines if x.provider}
    return any(question.products.issuperset(suspects) for suspects in cache.get_many(keys).values())


def _pause(question: Question, error: IntegrationError) -> None:
    """One broken product in anyone's cart may not stop the quotes of its print provider for everyone."""
    suspects = question.products.intersection(cache.get(question.suspects_key, question.products))
    if error.status in ABOUT_NO_PRODUCT:
        suspects = set()
    cache.set(question.suspects_key, sorted(suspects), PAUSE_SECONDS)


def _suspects_key(provider: int) -> str:
    return f"quote-suspects:{provider}"


def _key(name: str, parts: list[Any]) -> str:
    return f"{name}:{hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()}"
