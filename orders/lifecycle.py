"""The life of an order: the only code that changes an order's or a fulfilment's state.

Every move is a guarded UPDATE that names the states it may come from, so that a late or repeated cause changes nothing,
and writes a history row in the same transaction. Callers hold the transaction where several rows must move together.
"""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ilytat.integrations import alerts, jobs
from ilytat.pages import texts
from orders import emails, refunding
from orders.addresses import Address, for_printify
from orders.cart import CartView, subtract
from orders.locks import lock_order
from orders.models import EarlierDraft, Fulfilment, Hold, HoldReason, Order, OrderEvent, OrderLine
from orders.quote import METHOD_CODES, expires
from orders.states import COMPLETED, FULFILMENT_RANK, OPEN, ORDER_MOVES, STOPPABLE, FulfilmentState, OrderState

FULFILMENT_QUEUE = "fulfilment"


# Nothing that is misread on the phone.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # pragma: allowlist secret
NUMBER_LENGTH = 8


@dataclass(frozen=True)
class CheckoutDetails:
    """What the buyer agreed to. Money in minor units of the shop's currency."""

    cart: CartView
    email: str
    address: Address
    method: str
    shipping: int
    arrives_from: date
    arrives_until: date
    language: str
    user_id: int | None = None
    discount: int = 0
    quote: dict[str, Any] = field(default_factory=dict, compare=False)  # as agreed, for the order to remember

    @property
    def subtotal(self) -> int:
        return self.cart.subtotal

    @property
    def total(self) -> int:
        return self.subtotal - self.discount + self.shipping

    def key(self) -> uuid.UUID:
        """The same cart, address and price give the same key: a double click finds the order it made."""
        cart = self.cart.cart
        lines = [(x.variant.pk, x.quantity, x.unit_price) for x in self.cart.lines]
        words = repr((lines, self.email, self.address, self.method, self.total))
        return uuid.uuid5(cart.checkout_key if cart else uuid.NAMESPACE_OID, words)


def is_number(text: str) -> bool:
    """Whether it can be the number of an order of this shop."""
    return len(text) == NUMBER_LENGTH and set(text) <= set(ALPHABET)


def order_row(agreement: CheckoutDetails, key: uuid.UUID) -> Order:
    return Order(
        number="".join(secrets.choice(ALPHABET) for _ in range(NUMBER_LENGTH)),
        checkout_key=key,
        live=settings.STRIPE_LIVE,
        cart=agreement.cart.cart,
        user_id=agreement.user_id,
        email=agreement.email,
        language=agreement.language,
        terms=texts.version("terms", agreement.language),
        currency=settings.SHOP_CURRENCY,
        subtotal=agreement.subtotal,
        discount=agreement.discount,
        shipping=agreement.shipping,
        total=agreement.total,
        shipping_method=agreement.method,
        arrives_from=agreement.arrives_from,
        arrives_until=agreement.arrives_until,
        quote=agreement.quote,
        quote_expires_at=expires() if agreement.quote else None,
        **agreement.address.as_columns(),
    )


def line_rows(order: Order, agreement: CheckoutDetails) -> list[OrderLine]:
    return [
        OrderLine(
            order=order,
            product=x.product,
            variant=x.variant,
            printify_product_id=x.product.printify_id,
            printify_variant_id=x.variant.variant_id,
            title=x.product.title,
            label=x.variant.label,
            sku=x.variant.sku,
            image=x.image.files.get("400", "") if x.image else "",
            unit_price=x.unit_price,
            unit_cost=x.variant.cost,
            quantity=x.quantity,
            personalised=x.product.personalised,
        )
        for x in agreement.cart.lines
    ]


def place(agreement: CheckoutDetails) -> Order:
    """Commit the agreement as an order that awaits payment; the one it already made when it was placed before."""
    key = _free_key(agreement)
    known = Order.objects.filter(checkout_key=key).first()
    if known:
        return _agreed_again(known, agreement)
    with transaction.atomic():
        made = Order.objects.bulk_create([order_row(agreement, key)], ignore_conflicts=True)
        order = Order.objects.get(checkout_key=key)
        if order.token == made[0].token:  # else a twin of this request was first
            OrderLine.objects.bulk_create(line_rows(order, agreement))
            note(order, who="buyer", what="placed", new=OrderState.AWAITING_PAYMENT)
    return order


def _agreed_again(order: Order, agreement: CheckoutDetails) -> Order:
    """The same agreement at the same price, quoted a moment ago: its delivery holds as long as a new one's."""
    if agreement.quote:
        waiting = Order.objects.filter(pk=order.pk, state=OrderState.AWAITING_PAYMENT)
        waiting.update(quote=agreement.quote, quote_expires_at=expires())
        order.refresh_from_db()
    return order


def _free_key(agreement: CheckoutDetails) -> uuid.UUID:
    """The agreement's key, or one derived from it when an order under it came to nothing: it may be ordered again."""
    key = agreement.key()
    while Order.objects.filter(checkout_key=key, state__in=(OrderState.EXPIRED, OrderState.CANCELED)).exists():
        key = uuid.uuid5(key, "again")
    return key


def note(order: Order, *, who: str, what: str, old: str = "", new: str = "", why: str = "") -> None:
    OrderEvent.objects.create(order=order, who=who[:120], what=what, old=old, new=new, why=why)


def _move(
    order: Order, new: OrderState, *, who: str, why: str = "", but_not_from: tuple[str, ...] = (), **columns: Any
) -> bool:
    """One guarded step. False, and nothing written, when the order is not where the step may begin."""
    sources = [old for old, targets in ORDER_MOVES.items() if new in targets and old not in but_not_from]
    old = order.state
    if not Order.objects.filter(pk=order.pk, state__in=sources).update(state=new, **columns):
        return False
    order.refresh_from_db()
    note(order, who=who, what="state", old=old, new=new, why=why)
    if old == OrderState.ATTENTION:
        alerts.close_alert(f"order:{order.number}")
    return True


def mark_paid(order: Order, *, who: str, refunded: str = "") -> bool:
    """Money for exactly this order is there. Only the winner of the guarded step queues printing and mail.

    Call inside the transaction that records the payment. `refunded` says what went back already: then it is held.
    """
    # Out of attention only a person leads: a second payment must not decide what the first one left open.
    if not _move(order, OrderState.PAID, who=who, but_not_from=(OrderState.ATTENTION,), paid_at=timezone.now()):
        return False
    fulfillment = _begin_printing(order)
    if refunded:
        hold(fulfillment, HoldReason.REFUND, who=who, why=refunded)
    return True


def accept(order: Order, *, who: str) -> bool:
    """A person has looked at the money and takes it for enough. Raises HoldStands, having written nothing.

    Never for an erased order: it has no address to send to.
    """
    with lock_order(order):
        if order.state != OrderState.ATTENTION or order.erased_at is not None:
            return False
        refunding.require_unblocked(order)
        _move(order, OrderState.PAID, who=who, why="accepted", paid_at=order.paid_at or timezone.now())
        if not Fulfilment.objects.filter(order=order).exists():
            _begin_printing(order)
    return True


def _begin_printing(order: Order) -> Fulfilment:
    """Held from the start by what stands against it: a dispute may be older than the decision to print."""
    release_at = (order.paid_at or timezone.now()) + timedelta(minutes=settings.GRACE_MINUTES)
    fulfillment = Fulfilment.objects.create(
        order=order, external_id=order.number, request=printify_body(order), release_at=release_at
    )
    hold_for_concerns(fulfillment, who="payments")
    if order.cart_id:
        subtract(order.cart_id, order.lines.all())
    emails.order_confirmed(order, cancel_until=release_at)
    jobs.wake(FULFILMENT_QUEUE, FULFILMENT_QUEUE)
    return fulfillment


def printify_body(order: Order) -> dict[str, Any]:
    """The body of Printify's order request, frozen with the order (Printify contract, section 8)."""
    lines = [
        {
            "product_id": line.printify_product_id,
            "variant_id": line.printify_variant_id,
            "quantity": line.quantity,
            "external_id": f"{order.number}-{line.pk}",
        }
        for line in order.lines.all()
    ]
    return {
        "external_id": order.number,
        "label": order.number,
        "line_items": lines,
        "shipping_method": METHOD_CODES[order.shipping_method],
        "is_printify_express": order.shipping_method == "printify_express",
        "is_economy_shipping": order.shipping_method == "economy",
        "send_shipping_notification": False,  # the mails are ours
        "address_to": for_printify(address_of(order), order.email),
    }


def address_of(order: Order) -> Address:
    return Address(**{name: getattr(order, name) for name in Address.__dataclass_fields__})


def expire(order: Order, *, who: str) -> bool:
    return _move(order, OrderState.EXPIRED, who=who)


def flag_for_attention(order: Order, *, who: str, why: str) -> bool:
    """Come to rest where staff see it, with an alert that says why."""
    alerts.open_alert(f"order:{order.number}", f"Order {order.number}: {why}", next_step="Open the order in the admin.")
    return _move(order, OrderState.ATTENTION, who=who, why=why)


def advance(fulfilment: Fulfilment, new: FulfilmentState, *, who: str, why: str = "") -> bool:
    """Move a fulfilment forward, never back: a poller and a webhook may tell the same news at once."""
    lower = [state for state, rank in FULFILMENT_RANK.items() if rank < FULFILMENT_RANK[new]]
    return _step(fulfilment, [*lower, FulfilmentState.ATTENTION], new, who=who, why=why)


def close_manually(fulfilment: Fulfilment, *, who: str) -> bool:
    """A person says that nothing more will come of what rests in attention: a lost parcel, an end at Printify."""
    called_off = fulfilment.order.state == OrderState.CANCELED or fulfilment.printify_order_id is None
    over = FulfilmentState.CANCELED if called_off else FulfilmentState.ENDED
    return _step(fulfilment, [FulfilmentState.ATTENTION], over, who=who, why="settled by hand")


def _step(fulfilment: Fulfilment, sources: Sequence[str], new: FulfilmentState, *, who: str, why: str) -> bool:
    old = fulfilment.state
    over = {"ended_at": timezone.now()} if new in COMPLETED else {}
    if not Fulfilment.objects.filter(pk=fulfilment.pk, state__in=sources).update(state=new, **over):
        return False
    fulfilment.state = new
    note(fulfilment.order, who=who, what="fulfilment", old=old, new=new, why=why)
    alerts.close_alert(f"fulfilment:{fulfilment.external_id}")  # of what it needed a person for
    return True


def hold(
    fulfilment: Fulfilment, reason: HoldReason, *, who: str, why: str = "", reference: str = "", cost: int | None = None
) -> bool:
    """Stop before production, also what waits for a person. Returns whether this hold is new and stops it for certain.

    While production is being asked for the hold is written as well: should Printify not begin, the next look finds it.
    """
    with lock_order(fulfilment.order):
        job = Fulfilment.objects.filter(pk=fulfilment.pk, state__in=STOPPABLE).first()
        if job is None:
            return False
        details = {"detail": why[:200], "placed_by": who[:120], "cost": cost}
        row, is_new = Hold.objects.open().get_or_create(
            fulfillment=fulfilment, reason=reason, reference=reference[:120], defaults=details
        )
        if is_new:
            note(fulfilment.order, who=who, what="held", why=str(row))
    return is_new and job.sent_at is None


def hold_for_concerns(fulfilment: Fulfilment, *, who: str) -> None:
    """Hold for what stands against printing today, except what staff have released and may release."""
    for concern in refunding.concerns(fulfilment.order):
        decided = fulfilment.holds.filter(reason=concern.reason, reference=concern.reference)
        if concern.blocks or not decided.exists():
            hold(fulfilment, concern.reason, who=who, why=concern.detail, reference=concern.reference)


def cancel(order: Order, *, who: str, why: str = "", held_too: bool = True) -> None:
    """End a paid order before its printing begins. Raises ProductionStarted, having written nothing: it is printing, or
    over.

    For `payments.cancellation`, which moves the money and writes the mail in the same transaction. What lies at
    Printify is canceled by the queue.
    """
    with lock_order(order):
        if order.state not in OPEN:
            raise ProductionStarted
        stop_before_production(order, FulfilmentState.CANCELING, held_too=held_too)
        _move(order, OrderState.CANCELED, who=who, why=why)
    jobs.wake(FULFILMENT_QUEUE, FULFILMENT_QUEUE)


def revise(order: Order, *, who: str, what: str, why: str = "") -> Fulfilment:
    """Print the order as its row and lines say now. Raises ProductionStarted; call inside the transaction that changed
    them.

    The draft made so far is canceled at Printify before one under the next revision's id is submitted.
    """
    row = stop_before_production(order, FulfilmentState.NEW, held_too=False)
    if row is None:
        raise ProductionStarted
    start_revision(row, printify_body(order))
    note(order, who=who, what=what, why=why)
    jobs.wake(FULFILMENT_QUEUE, FULFILMENT_QUEUE)
    row.refresh_from_db()
    return row


def mark_refunded(order: Order, *, who: str, why: str = "") -> bool:
    """All the money of an order that could not be called off any more has gone back."""
    return _move(order, OrderState.REFUNDED, who=who, why=why)


def release(hold: Hold, *, who: str) -> bool:
    """End one reason to hold; the others stay, and the grace period, if it still runs, is kept.

    False: it was released before. Raises HoldStands while something blocks printing that staff may not release.
    """
    order = hold.fulfillment.order
    with lock_order(order):
        refunding.require_unblocked(order)
        rows = Hold.objects.open().filter(pk=hold.pk)
        if not rows.update(released_at=timezone.now(), released_by=who[:120]):
            return False
        Fulfilment.objects.filter(pk=hold.fulfillment_id).update(next_at=timezone.now())
        note(order, who=who, what="released", why=str(hold))
        if hold.reason == HoldReason.COST:
            alerts.close_alert(f"fulfilment:{hold.fulfillment.external_id}")
        jobs.wake(FULFILMENT_QUEUE, FULFILMENT_QUEUE)
    return True


def retry(fulfilment: Fulfilment, *, who: str) -> bool:
    """Make the fulfillment due now. Return False when there is nothing to retry, or it is on hold (release it instead).

    A worker that has claimed it keeps it, so pressing twice is harmless.
    """
    is_canceled = fulfilment.order.state == OrderState.CANCELED
    if fulfilment.sent_at is None and fulfilment.open_holds and not is_canceled:
        return False
    rows = Fulfilment.objects.filter(pk=fulfilment.pk)
    if fulfilment.state == FulfilmentState.ATTENTION:
        moved = rows.filter(state=FulfilmentState.ATTENTION).update(
            state=resume_state(fulfilment), next_at=timezone.now(), attempts=0
        )
    else:
        moved = rows.filter(state__in=Fulfilment.due_states).update(next_at=timezone.now())
    if moved:
        note(fulfilment.order, who=who, what="retried")
        alerts.close_alert(f"fulfilment:{fulfilment.external_id}")
        jobs.wake(FULFILMENT_QUEUE, FULFILMENT_QUEUE)
    return bool(moved)


def resume_state(fulfilment: Fulfilment) -> FulfilmentState:
    """Where a fulfilment goes on after attention: a step before what may have happened, whose worker looks there first.

    Whether production has begun is Printify's to say, however often it was asked for: the row never claims it unseen.
    """
    if fulfilment.order.state == OrderState.CANCELED:
        return FulfilmentState.CANCELING
    return FulfilmentState.NEW if fulfilment.printify_order_id is None else FulfilmentState.CREATED


class ProductionStarted(Exception):
    """Printing has begun, or the order is not what it was a moment ago."""


def stop_before_production(order: Order, state: FulfilmentState, *, held_too: bool) -> Fulfilment | None:
    """The order's fulfilment in `state`, nobody's; None when there is none. Raises ProductionStarted, having written
    nothing.

    What may lie at Printify is noted: it is canceled there before anything newer is submitted.
    """
    row = Fulfilment.objects.filter(order=order).exclude(state=FulfilmentState.CANCELED).first()
    if row is None:
        return None
    if row.open_holds and not held_too:
        raise ProductionStarted
    rows = Fulfilment.objects.filter(pk=row.pk, revision=row.revision, sent_at__isnull=True, state__in=STOPPABLE)
    free = {"lease_until": None, "lease_token": "", "next_at": timezone.now(), "attempts": 0, "last_error": ""}
    if not rows.update(state=state, **free):
        raise ProductionStarted
    alerts.close_alert(f"fulfilment:{row.external_id}")  # by the name it had when it needed a person
    row.refresh_from_db()  # now it is ours until the transaction ends: a worker may have learned an id just before
    _note_draft(row)
    return row


def _note_draft(row: Fulfilment) -> None:
    if row.printify_order_id is None and row.last_try is None:
        return
    EarlierDraft.objects.create(
        fulfilment=row,
        external_id=row.external_id,
        printify_order_id=row.printify_order_id,
        last_try=row.last_try,
    )


def start_revision(row: Fulfilment, request: dict[str, Any]) -> None:
    """The next revision of a fulfilment that was taken back: a new body under a new id of ours."""
    revision = row.revision + 1
    external_id = f"{row.order.number}-{revision}"
    columns: dict[str, Any] = {
        "revision": revision,
        "external_id": external_id,
        "request": request | {"external_id": external_id},
        "printify_order_id": None,
        "first_try": None,
        "last_try": None,
        "upstream_status": "",
        "upstream_cost": 0,
        "upstream_shipping": None,
    }
    Fulfilment.objects.filter(pk=row.pk).update(**columns)
    row.order.lines.exclude(upstream_status="").update(upstream_status="")
