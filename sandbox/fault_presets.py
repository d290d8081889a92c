"""Trouble in words: the faults one wants to see most, each behind one button of the control page."""

from dataclasses import dataclass
from typing import Any

from sandbox import faults


@dataclass(frozen=True)
class Mishap:
    """`shows` says what the shop should make of it. `times` None lasts until it is cleared."""

    label: str
    shows: str
    name: str
    kind: str
    times: int | None = 1


MISHAPS = {
    "printify-down": Mishap(
        "Printify is down",
        "Pages show what is known; delivery cannot be priced now, the cart is kept. Paid orders wait and go on.",
        "printify.*",
        "503",
        times=None,
    ),
    "printify-token": Mishap(
        "Printify's token has ended",
        "One alert and one staff email say so. Orders wait, and go on by themselves minutes after this is cleared.",
        "printify.*",
        "401",
        times=None,
    ),
    "order-answer-lost": Mishap(
        "The next order is taken, but the answer is lost",
        "The shop looks before it asks again: one order at Printify, not two.",
        "printify.orders.create",
        "accept_then_cut",
    ),
    "stripe-down": Mishap(
        "Stripe is down",
        "The checkout says that payment cannot be reached now and keeps the cart.",
        "stripe.*",
        "503",
        times=None,
    ),
    "stripe-silent": Mishap(
        "The next three messages of Stripe are lost",
        "The thank-you page asks Stripe itself, and so does the clock: the order is paid all the same.",
        "webhooks.stripe",
        "drop",
        times=3,
    ),
    "stripe-twice": Mishap(
        "The next three messages of Stripe come twice",
        "The second of each is known and changes nothing: one order, one mail.",
        "webhooks.stripe",
        "duplicate",
        times=3,
    ),
    "mail-down": Mishap(
        "Mail is down",
        "Mails wait in the outbox and leave once, when this is cleared. Orders go on.",
        "sendgrid.send",
        "503",
        times=None,
    ),
}


def happen(name: str) -> dict[str, Any]:
    """Raises KeyError for a name there is not. A second press of what lasts anyway adds nothing."""
    wanted = MISHAPS[name]
    there = next((fault for fault in faults.listing() if wanted.times is None and _is(fault, wanted)), None)
    return there or faults.arm(wanted.name, wanted.kind, times=wanted.times)


def _is(fault: dict[str, Any], wanted: Mishap) -> bool:
    return faults.is_armed(fault) and (fault["name"], fault["kind"]) == (wanted.name, wanted.kind)


def words(fault: dict[str, Any]) -> str:
    """What the button said, for a fault that one of them armed; else nothing."""
    return next((one.label for one in MISHAPS.values() if (one.name, one.kind) == (fault["name"], fault["kind"])), "")
