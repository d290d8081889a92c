"""Booking what Printify credits to us after a claim: rows are added, never edited, and count in the order's margin."""

from ilytat.display.money import format_money
from orders import lifecycle
from orders.locks import lock_order
from orders.models import Fulfilment, Order
from payments import margins
from payments.models import PrintifyCredit


class CreditRefused(Exception):
    """Nothing was booked. The text is for staff."""


def book_credit(
    order: Order, amount: int, *, reference: str, booked_by: str, form_token: str, note: str = ""
) -> PrintifyCredit:
    """Book `amount` minor units; a negative amount undoes an earlier entry. Raises CreditRefused.

    The same `form_token` again returns the row that it made.
    """
    with lock_order(order):  # two at once must not pass the limits together
        known = PrintifyCredit.objects.filter(form_token=form_token).first()
        if known:
            return known
        _check(order, amount, reference)
        credit = PrintifyCredit.objects.create(
            order=order,
            amount=amount,
            currency=order.currency,
            reference=reference,
            note=note,
            booked_by=booked_by[:120],
            form_token=form_token,
        )
        why = f"{format_money(amount, order.currency)} {reference}"
        lifecycle.note(order, who=booked_by, what="Printify credit", why=why)
    return credit


def _check(order: Order, amount: int, reference: str) -> None:
    if amount == 0:
        raise CreditRefused("Enter an amount other than 0.")
    if PrintifyCredit.objects.filter(order=order, reference=reference).exists():
        raise CreditRefused(f"{reference} is booked for this order already. To undo it, add “undo” to its number.")
    total, charged = margins.credited([order]) + amount, _charged(order)
    if total < 0:
        raise CreditRefused("This would undo more than was booked for this order.")
    if total > charged:
        most = format_money(charged, order.currency, "en")
        raise CreditRefused(f"A credit can't be more than Printify charged for this order ({most}).")


def _charged(order: Order) -> int:
    """What Printify charged, or our costs until it has said so."""
    job = Fulfilment.objects.filter(order=order).first()
    return (job.upstream_cost if job else 0) or margins.costs(order)
