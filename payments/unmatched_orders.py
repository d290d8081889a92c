"""What Printify prints and Stripe was paid for, and this database has no row of: each with what is to be done.

What carries our number and is not known here came after a backup that was restored, as a rule. Nothing of it is
refunded, canceled or entered by itself: it stands before staff until a person says that it is dealt with.
"""

from collections.abc import Iterator

from catalog.printify.orders import UpstreamOrder
from ilytat.integrations import alerts
from ilytat.integrations.jobs import ATTENTION
from ilytat.integrations.models import InboundEvent
from ilytat.pages.money import format_money
from orders.lifecycle import is_order_number
from orders.models import EarlierDraft, Fulfilment, Order
from payments import incidents
from payments.models import Difference, ReconcileRun

STRANGER = "stranger"
PAYING = ("checkout.session.completed", "checkout.session.async_payment_succeeded")
MOST = 200
LOST = "this database does not know it: was a backup restored?"
LOOK_FOR_MONEY = "Find its payment at Stripe by that number: paid, let it be printed; not paid, cancel it at Printify."
DECIDE = "Restore a newer backup, enter it by hand, or give it back in Stripe's dashboard"


def at_printify(run: ReconcileRun, upstream: UpstreamOrder) -> Difference:
    """Of an order that is no fulfilment of ours as it stands now."""
    why = f"{upstream.status}, external id {upstream.external_id or 'none'}"
    over = upstream.status == "canceled"
    earlier = EarlierDraft.objects.filter(external_id=upstream.external_id or "-").first()
    if earlier:
        harmless, words = over or earlier.gone_at is None, f"An earlier draft of ours ({why})."
    elif over:
        harmless, words = True, f"Ended there, and not of this shop ({why})."
    elif _is_lost(upstream):
        return _lost(run, upstream)
    else:
        harmless = not Order.objects.filter(number=_number(upstream)).exists()
        words = f"Made by hand at Printify ({why})." if harmless else f"It carries our number and is not ours ({why})."
    return Difference(
        run=run,
        kind=STRANGER,
        reference=upstream.id[:120],
        printify_order_id=upstream.id[:40],
        explanation=words[:300],
        action="nothing to do" if harmless else "cancel it at Printify",
        explained=harmless,
    )


def _number(upstream: UpstreamOrder) -> str:
    return upstream.external_id.partition("-")[0] or "-"


def _is_lost(upstream: UpstreamOrder) -> bool:
    """It can only be ours, and its order, its printing or that revision of it is not known here."""
    number, revision = _number(upstream), upstream.external_id.partition("-")[2]
    job = Fulfilment.objects.filter(order__number=number).first()
    if job:
        return revision.isdecimal() and len(revision) < len(str(2**15)) and int(revision) > job.revision
    named = any(line.external_id.startswith(f"{number}-") for line in upstream.lines)
    return named or is_order_number(number) or Order.objects.filter(number=number).exists()


def _lost(run: ReconcileRun, upstream: UpstreamOrder) -> Difference:
    return incidents.report(
        run,
        incidents.UNKNOWN_ORDER,
        _key(upstream),
        f"Printify has our order {upstream.external_id} ({upstream.status}), and {LOST}",
        next_step=LOOK_FOR_MONEY,
        reference=upstream.id,
        printify_order_id=upstream.id,
    )


def found_again(upstream: UpstreamOrder) -> None:
    """Known here after all: nobody needs to look for it."""
    alerts.close_alert(_key(upstream))


def _key(upstream: UpstreamOrder) -> str:
    return f"unknown-order:{upstream.external_id}"


def at_stripe(run: ReconcileRun) -> Iterator[Difference]:
    """Paid, by an event that waits or rests in the inbox for no order: its row stands in the queue."""
    rows = InboundEvent.objects.filter(source="stripe", type__in=PAYING, state__in=("new", ATTENTION))
    sessions = [row.subject for row in rows.order_by("received_at")[:MOST]]
    paid = {str(found.get("client_reference_id") or ""): found for found in sessions if _is_paid(found)}
    known = set(Order.objects.filter(number__in=paid).values_list("number", flat=True))
    run.looked["payments waiting"] = len(paid)
    for number in sorted(paid.keys() - known - {""}):
        yield Difference(
            run=run,
            kind=incidents.UNKNOWN_ORDER,
            reference=number[:120],
            explanation=f"Stripe was paid {_money(paid[number])} for order {number[:40]}, and {LOST}",
            action=DECIDE,
            explained=False,
        )


def _is_paid(session: dict[str, object]) -> bool:
    return session.get("payment_status") in {"paid", "no_payment_required"}


def _money(session: dict[str, object]) -> str:
    amount = session.get("amount_total")
    return format_money(amount if isinstance(amount, int) else 0, str(session.get("currency") or "").upper())
