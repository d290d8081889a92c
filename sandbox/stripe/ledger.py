"""Balance transactions: what moves between the shop's balance and the world. Amounts in minor units."""

from decimal import Decimal
from typing import Any

from sandbox import clock, store
from sandbox.store import Document
from sandbox.stripe import ids
from sandbox.stripe.kinds import BALANCE
from sandbox.stripe.totals import rounded

CARD_PERCENT, CARD_FIXED = Decimal("2.9"), 30
DISPUTE_FEE = 1500
SETTLING_SECONDS = 2 * 24 * 60 * 60


def card_fee(amount: int) -> int:
    return rounded(amount * CARD_PERCENT / 100) + CARD_FIXED


def book(
    source: Document, *, amount: int, kind: str, category: str, words: str, fee: int = 0, fee_words: str = ""
) -> str:
    """Adds a line and gives its id. `amount` is signed, the fee is not."""
    name = ids.new("txn") if kind == "adjustment" else ids.payment("txn")
    now = clock.now()
    details: list[dict[str, Any]] = [
        {
            "amount": fee,
            "application": None,
            "currency": source["currency"],
            "description": fee_words,
            "type": "stripe_fee",
        }
    ]
    entry = {
        "id": name,
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now + SETTLING_SECONDS,
        "balance_type": "payments",
        "created": now,
        "currency": source["currency"],
        "description": words,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": details if fee else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source["id"],
        "status": "pending",
        "type": kind,
    }
    store.write(BALANCE, name, entry)
    return name


def charged(charge: Document) -> str:
    words = charge["description"] or "Payment for order"
    return book(
        charge,
        amount=charge["amount"],
        kind="charge",
        category="charge",
        words=words,
        fee=card_fee(charge["amount"]),
        fee_words="Stripe processing fees",
    )


def refunded(refund: Document, *, failed: bool = False) -> str:
    """Fees are not returned with a refund; a refund that failed comes back."""
    return book(
        refund,
        amount=refund["amount"] if failed else -refund["amount"],
        kind="refund_failure" if failed else "refund",
        category="refund_failure" if failed else "refund",
        words="REFUND FAILURE FOR CHARGE" if failed else "REFUND FOR CHARGE",
    )


def disputed(dispute: Document) -> str:
    return book(
        dispute,
        amount=-dispute["amount"],
        kind="adjustment",
        category="dispute",
        words=f"Chargeback withdrawal for {dispute['charge']}",
        fee=DISPUTE_FEE,
        fee_words="Dispute fee",
    )


def reinstated(dispute: Document) -> str:
    words = f"Chargeback reversal for {dispute['charge']}"
    return book(dispute, amount=dispute["amount"], kind="adjustment", category="dispute_reversal", words=words)


def balance(*, livemode: bool) -> Document:
    """Everything is pending for two days, then available."""
    sums: dict[str, list[int]] = {}
    for entry in store.listing(BALANCE):
        bucket = sums.setdefault(entry["currency"], [0, 0])
        bucket[entry["available_on"] <= clock.now()] += entry["net"]
    sums = sums or {"usd": [0, 0]}

    def money(column: int) -> list[dict[str, Any]]:
        return [
            {"amount": pair[column], "currency": currency, "source_types": {"card": pair[column]}}
            for currency, pair in sums.items()
        ]

    return {"object": "balance", "available": money(1), "livemode": livemode, "pending": money(0)}
