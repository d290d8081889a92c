"""What buyers claim and what staff answer. Each claim is taken in once and answered once.

Sources: the shop's terms (faulty or wrong: a reprint or the money back within 30 days) and, where the law knows it, the
right to withdraw within 14 days of delivery from what was not made to the buyer's own words.
"""

import uuid
from collections.abc import Iterable, Sequence
from copy import copy
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from catalog.delivery_estimates import estimates
from ilytat.integrations import alerts
from ilytat.integrations.transactions import retry_conflicts
from orders import emails, lifecycle, refunding
from orders.addresses import WITHDRAWAL_COUNTRIES
from orders.allocation import Quantities, first, in_first, of_units
from orders.locks import lock_order
from orders.models import Claim, ClaimPhoto, Fulfilment, Order, OrderLine
from orders.models.claim import ClaimKind, ClaimState
from orders.photos import Photo
from orders.states import COMPLETED, OrderState

CLAIM_TIME = timedelta(days=30)
WITHDRAWAL_TIME = timedelta(days=14)
ANSWER_TIME = timedelta(days=2)
NEEDS_PHOTO = frozenset({ClaimKind.DAMAGED, ClaimKind.WRONG})


def claimable(order: Order, fulfilment: Fulfilment | None) -> bool:
    """Once printing has begun, and for 30 days after the last parcel arrived."""
    if fulfilment is None or fulfilment.sent_at is None or order.state != OrderState.PAID:
        return False
    return order.erased_at is None and _within(fulfilment, CLAIM_TIME)


def withdrawable(order: Order, fulfilment: Fulfilment | None) -> list[OrderLine]:
    """Lines the law lets the buyer withdraw from, today."""
    if order.country not in WITHDRAWAL_COUNTRIES or order.state != OrderState.PAID or order.reprint_of_id:
        return []
    if order.erased_at is not None:
        return []
    if fulfilment is None or fulfilment.sent_at is None or not _within(fulfilment, WITHDRAWAL_TIME):
        return []  # before printing the whole order can simply be canceled
    withdrawn = OrderLine.objects.filter(claims__order=order, claims__kind=ClaimKind.WITHDRAWAL)
    return list(order.lines.filter(personalised=False).exclude(pk__in=withdrawn))


def _within(fulfilment: Fulfilment, time: timedelta) -> bool:
    if fulfilment.state not in COMPLETED:
        return True
    reported = [parcel.delivered_at for parcel in fulfilment.shipments.all()]
    known = [at for at in reported if at]
    ended = max(known) if known and len(known) == len(reported) else fulfilment.ended_at
    return ended is None or ended + time > timezone.now()


def receive(
    order: Order, *, key: uuid.UUID, kind: ClaimKind, lines: Iterable[OrderLine], words: str, photos: Sequence[Photo]
) -> Claim:
    """Keep the claim, tell staff and the buyer: once for each `key`, which the form carries."""
    with transaction.atomic():
        known = {"order": order, "kind": kind, "words": words}
        claim, made = Claim.objects.get_or_create(key=f"{order.pk}:{key.hex}", defaults=known)
        if not made:
            return claim
        claim.lines.set(lines)
        ClaimPhoto.objects.bulk_create(
            ClaimPhoto(claim=claim, image=x.data, width=x.width, height=x.height) for x in photos
        )
        lifecycle.note(order, who="buyer", what="claim", why=f"{claim.get_kind_display()}")
        message = f"Order {order.number}: {claim.get_kind_display()}."
        alerts.open_alert(f"claim:{claim.pk}", message, next_step="Answer the claim in the admin.")
        _receipt(claim)
    return claim


def _receipt(claim: Claim) -> None:
    if claim.kind == ClaimKind.WITHDRAWAL:
        emails.withdrawal_receipt(claim)
    else:
        emails.claim_received(claim, answer_by=timezone.localdate() + ANSWER_TIME)


@retry_conflicts
def reprint(claim: Claim, *, who: str, answer: str = "") -> bool:
    """Print the claimed lines again at the shop's cost. False: it was answered already."""
    with lock_order(claim.order):
        if not _answered(claim, ClaimState.REPRINTED, who, answer):
            return False
        claim.reprint = make(claim.order, claim.lines.all() or claim.order.lines.all(), who=who)
        claim.save(update_fields=["reprint"])
        emails.claim_answered(claim, decision="reprint")
    lifecycle.wake_fulfillment()
    return True


@retry_conflicts
def refund(claim: Claim, *, who: str, amount: int | None = None, answer: str = "") -> bool:
    """Give `amount` (minor units) back, by default what the claimed lines cost. False: it was answered already.

    `claim.refund` says what truly goes back: no more than is left. Raises refunding.NotRefundable, having written
    nothing.
    """
    with lock_order(claim.order):
        if not _answered(claim, ClaimState.REFUNDED, who, answer):
            return False
        wanted = amount if amount is not None else refundable(claim)
        note = f"claim: {claim.get_kind_display()}"
        claim.refund = refunding.request_refund(claim.order, wanted, who=who, note=note, lines=_claimed(claim))
        claim.save(update_fields=["refund"])
        emails.claim_answered(claim, decision="refund")
    return True


def decline(claim: Claim, *, who: str, answer: str) -> bool:
    with transaction.atomic():
        if not _answered(claim, ClaimState.DECLINED, who, answer):
            return False
        emails.claim_answered(claim, decision="declined")
    return True


def worth(claim: Claim, gone: Quantities | None = None) -> int:
    """What was paid for the claimed lines, minor units; without lines, for the whole order. `gone` went back before.

    What was printed again is worth what it cost when it was first ordered.
    """
    if claim.lines.all() or claim.order.reprint_of_id:
        return of_units(first(claim.order), _claimed(claim), gone)
    return claim.order.total


def refundable(claim: Claim) -> int:
    """What of it may still go back."""
    return min(worth(claim, refunding.given(first(claim.order))), refunding.left(claim.order))


def _claimed(claim: Claim) -> Quantities:
    """What the claim is about, as lines of the order that was paid for: without lines, everything."""
    lines = claim.lines.all() or claim.order.lines.all()
    return in_first(claim.order, {line.pk: line.quantity for line in lines})


def _answered(claim: Claim, state: ClaimState, who: str, answer: str) -> bool:
    """Only the first of two answers counts."""
    columns = {"state": state, "answer": answer, "answered_by": who[:120], "answered_at": timezone.now()}
    if not Claim.objects.filter(pk=claim.pk, state=ClaimState.OPEN).update(**columns):
        return False
    claim.refresh_from_db()
    lifecycle.note(claim.order, who=who, what=f"claim {state}", why=answer[:500])
    alerts.close_alert(f"claim:{claim.pk}")
    return True


COPIED = (
    "live", "user_id", "email", "language", "name", "address1", "address2", "city", "region", "zip", "country", "phone",
    "currency",
)  # fmt: skip


def make(parent: Order, lines: Iterable[OrderLine], *, who: str) -> Order:
    """Call inside the transaction that answers the claim. Raises refunding.HoldStands where nothing may be printed."""
    refunding.require_unblocked(parent)
    wanted = list(lines)
    order = _order(parent, wanted)
    for line in wanted:
        repeated_id = line.repeats_id if parent.reprint_of_id else line.pk
        copied = copy(line)  # the caller's line stays as it is: a retried transaction reads it again
        copied.pk, copied.order, copied.tax, copied.repeats_id = None, order, 0, repeated_id
        copied._state.adding = True  # noqa: SLF001 (Django's documented way to copy a row)
        copied.save()
    Fulfilment.objects.create(
        order=order,
        external_id=order.number,
        request=lifecycle.printify_body(order),
        release_at=timezone.now(),
    )
    lifecycle.note(order, who=who, what="placed", new=OrderState.PAID, why=f"again for {parent.number}")
    lifecycle.note(parent, who=who, what="reprinted", why=order.number)
    return order


def _order(parent: Order, lines: list[OrderLine]) -> Order:
    number = f"{parent.number}R{parent.reprints.count() + 1}"
    worth = sum(line.amount for line in lines)
    products = [line.product for line in lines if line.product]
    window = estimates(products, parent.country).window("standard")
    now = timezone.now()
    return Order.objects.create(
        number=number,
        checkout_key=uuid.uuid5(parent.checkout_key, number),
        state=OrderState.PAID,
        reprint_of=parent,
        subtotal=worth,
        discount=worth,
        shipping=0,
        total=0,
        arrives_from=window.first,
        arrives_until=window.last,
        placed_at=now,
        paid_at=now,
        **{name: getattr(parent, name) for name in COPIED},
    )
