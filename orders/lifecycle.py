"""The life of an order: the only code that changes the state of an order or of its fulfillment.

Every move is a guarded UPDATE that names the states it may start from, so a late or repeated cause changes nothing.
It writes a history row in the same transaction. Callers hold the transaction where several rows must move together.
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
# No character that is misheard or misread on the phone.
NUMBER_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # pragma: allowlist secret
NUMBER_LENGTH = 8


class ProductionStarted(Exception):
    """Production has started, or the order changed since it was read."""


# --- Placing an order ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CheckoutDetails:
    """What the buyer agreed to at checkout. Money in minor units of the shop's currency."""

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
    quote: dict[str, Any] = field(default_factory=dict, compare=False)  # stored with the order

    @property
    def subtotal(self) -> int:
        return self.cart.subtotal

    @property
    def total(self) -> int:
        return self.subtotal - self.discount + self.shipping

    def key(self) -> uuid.UUID:
        """Return the same key for the same cart, address and price, so that a double click finds its order."""
        cart = self.cart.cart
        lines = [(line.variant.pk, line.quantity, line.unit_price) for line in self.cart.lines]
        content = repr((lines, self.email, self.address, self.method, self.total))
        return uuid.uuid5(cart.checkout_key if cart else uuid.NAMESPACE_OID, content)


def is_order_number(text: str) -> bool:
    """Return whether the text can be the number of an order of this shop."""
    return len(text) == NUMBER_LENGTH and set(text) <= set(NUMBER_ALPHABET)


def place(details: CheckoutDetails) -> Order:
    """Create an order that awaits payment, or return the one that the same details created before.

    That order's quote is renewed: the buyer has just seen and accepted the same price again.
    """
    key = details.key()
    # Details of an order that expired or was canceled may be ordered again, under a key derived from theirs.
    while Order.objects.filter(checkout_key=key, state__in=(OrderState.EXPIRED, OrderState.CANCELED)).exists():
        key = uuid.uuid5(key, "again")
    order = Order.objects.filter(checkout_key=key).first()
    if order:
        if details.quote:
            unpaid = Order.objects.filter(pk=order.pk, state=OrderState.AWAITING_PAYMENT)
            unpaid.update(quote=details.quote, quote_expires_at=expires())
            order.refresh_from_db()
        return order
    with transaction.atomic():
        # Of two requests at once, one inserts and both read its row.
        [candidate] = Order.objects.bulk_create([_new_order(details, key)], ignore_conflicts=True)
        order = Order.objects.get(checkout_key=key)
        if order.token == candidate.token:
            OrderLine.objects.bulk_create(_new_lines(order, details))
            note(order, who="buyer", what="placed", new=OrderState.AWAITING_PAYMENT)
    return order


def _new_order(details: CheckoutDetails, key: uuid.UUID) -> Order:
    return Order(
        number="".join(secrets.choice(NUMBER_ALPHABET) for _ in range(NUMBER_LENGTH)),
        checkout_key=key,
        live=settings.STRIPE_LIVE,
        cart=details.cart.cart,
        user_id=details.user_id,
        email=details.email,
        language=details.language,
        terms=texts.version("terms", details.language),
        currency=settings.SHOP_CURRENCY,
        subtotal=details.subtotal,
        discount=details.discount,
        shipping=details.shipping,
        total=details.total,
        shipping_method=details.method,
        arrives_from=details.arrives_from,
        arrives_until=details.arrives_until,
        quote=details.quote,
        quote_expires_at=expires() if details.quote else None,
        **details.address.as_columns(),
    )


def _new_lines(order: Order, details: CheckoutDetails) -> list[OrderLine]:
    return [
        OrderLine(
            order=order,
            product=line.product,
            variant=line.variant,
            printify_product_id=line.product.printify_id,
            printify_variant_id=line.variant.variant_id,
            title=line.product.title,
            label=line.variant.label,
            sku=line.variant.sku,
            image=line.image.files.get("400", "") if line.image else "",
            unit_price=line.unit_price,
            unit_cost=line.variant.cost,
            quantity=line.quantity,
            personalised=line.product.personalised,
        )
        for line in details.cart.lines
    ]


def address_of(order: Order) -> Address:
    return Address(**{name: getattr(order, name) for name in Address.__dataclass_fields__})


# --- The state of the order -------------------------------------------------------------------------------------------


def note(order: Order, *, who: str, what: str, old: str = "", new: str = "", why: str = "") -> None:
    """Add a row to the order's history."""
    OrderEvent.objects.create(order=order, who=who[:120], what=what, old=old, new=new, why=why)


def mark_paid(order: Order, *, who: str, refunded: str = "") -> bool:
    """Mark the order as paid; only the caller that moves it starts its fulfillment and sends the confirmation.

    Call inside the transaction that records the payment. `refunded` says what has been refunded already: then the
    fulfillment is on hold.
    """
    # Only a person leads out of attention: a second payment must not decide what the first one left open.
    if not _move(order, OrderState.PAID, who=who, but_not_from=(OrderState.ATTENTION,), paid_at=timezone.now()):
        return False
    fulfillment = _start_fulfillment(order)
    if refunded:
        hold(fulfillment, HoldReason.REFUND, who=who, why=refunded)
    return True


def accept(order: Order, *, who: str) -> bool:
    """Accept a payment that differs from the total, as staff decided. Raises HoldStands, having written nothing.

    Returns False for an erased order, which has no address, and for one that no longer needs the decision.
    """
    with lock_order(order):
        if order.state != OrderState.ATTENTION or order.erased_at is not None:
            return False
        refunding.require_unblocked(order)
        _move(order, OrderState.PAID, who=who, why="accepted", paid_at=order.paid_at or timezone.now())
        if not Fulfilment.objects.filter(order=order).exists():
            _start_fulfillment(order)
    return True


def expire(order: Order, *, who: str) -> bool:
    return _move(order, OrderState.EXPIRED, who=who)


def flag_for_attention(order: Order, *, who: str, why: str) -> bool:
    """Put the order before staff, with an alert that says why."""
    alerts.open_alert(f"order:{order.number}", f"Order {order.number}: {why}", next_step="Open the order in the admin.")
    return _move(order, OrderState.ATTENTION, who=who, why=why)


def mark_refunded(order: Order, *, who: str, why: str = "") -> bool:
    """Mark an order as fully refunded that could no longer be canceled."""
    return _move(order, OrderState.REFUNDED, who=who, why=why)


def cancel(order: Order, *, who: str, why: str = "", held_too: bool = True) -> None:
    """Cancel a paid order before production starts. Raises ProductionStarted, having written nothing.

    For `payments.cancellation`, which refunds it and writes the email in the same transaction. The draft at Printify
    is canceled by the queue.
    """
    with lock_order(order):
        if order.state not in OPEN:
            raise ProductionStarted
        _stop_before_production(order, FulfilmentState.CANCELING, held_too=held_too)
        _move(order, OrderState.CANCELED, who=who, why=why)
    wake_fulfillment()


def _move(
    order: Order, new: OrderState, *, who: str, why: str = "", but_not_from: tuple[str, ...] = (), **columns: Any
) -> bool:
    """Return False, having written nothing, when the order is in no state from which the move is allowed."""
    sources = [old for old, targets in ORDER_MOVES.items() if new in targets and old not in but_not_from]
    old = order.state
    if not Order.objects.filter(pk=order.pk, state__in=sources).update(state=new, **columns):
        return False
    order.refresh_from_db()
    note(order, who=who, what="state", old=old, new=new, why=why)
    if old == OrderState.ATTENTION:
        alerts.close_alert(f"order:{order.number}")
    return True


def _start_fulfillment(order: Order) -> Fulfilment:
    release_at = (order.paid_at or timezone.now()) + timedelta(minutes=settings.GRACE_MINUTES)
    fulfillment = Fulfilment.objects.create(
        order=order, external_id=order.number, request=printify_body(order), release_at=release_at
    )
    # A dispute may be older than the decision to print.
    hold_for_concerns(fulfillment, who="payments")
    if order.cart_id:
        subtract(order.cart_id, order.lines.all())
    emails.order_confirmed(order, cancel_until=release_at)
    wake_fulfillment()
    return fulfillment


def printify_body(order: Order) -> dict[str, Any]:
    """Return the body of Printify's order request, as the fulfillment stores it (Printify contract, section 8)."""
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
        "send_shipping_notification": False,  # the shop sends its own
        "address_to": for_printify(address_of(order), order.email),
    }


def wake_fulfillment() -> None:
    """Tell the workers, once the transaction commits, that fulfillments are due."""
    jobs.wake(FULFILMENT_QUEUE, FULFILMENT_QUEUE)


# --- The state of the fulfillment -------------------------------------------------------------------------------------


def advance(fulfillment: Fulfilment, new: FulfilmentState, *, who: str, why: str = "") -> bool:
    """Move a fulfillment forward, never back: a poller and a webhook may report the same progress at once."""
    lower = [state for state, rank in FULFILMENT_RANK.items() if rank < FULFILMENT_RANK[new]]
    return _step(fulfillment, [*lower, FulfilmentState.ATTENTION], new, who=who, why=why)


def close_manually(fulfillment: Fulfilment, *, who: str) -> bool:
    """Close a fulfillment that needs attention and that staff have settled, such as a lost package."""
    is_canceled = fulfillment.order.state == OrderState.CANCELED or fulfillment.printify_order_id is None
    new = FulfilmentState.CANCELED if is_canceled else FulfilmentState.ENDED
    return _step(fulfillment, [FulfilmentState.ATTENTION], new, who=who, why="settled by hand")


def _step(fulfillment: Fulfilment, sources: Sequence[str], new: FulfilmentState, *, who: str, why: str) -> bool:
    old = fulfillment.state
    columns = {"ended_at": timezone.now()} if new in COMPLETED else {}
    if not Fulfilment.objects.filter(pk=fulfillment.pk, state__in=sources).update(state=new, **columns):
        return False
    fulfillment.state = new
    note(fulfillment.order, who=who, what="fulfilment", old=old, new=new, why=why)
    alerts.close_alert(f"fulfilment:{fulfillment.external_id}")
    return True


def retry(fulfillment: Fulfilment, *, who: str) -> bool:
    """Make the fulfillment due now. Return False when there is nothing to retry, or it is on hold (release it instead).

    A worker that has claimed it keeps it, so pressing twice is harmless.
    """
    is_canceled = fulfillment.order.state == OrderState.CANCELED
    if fulfillment.sent_at is None and fulfillment.open_holds and not is_canceled:
        return False
    rows = Fulfilment.objects.filter(pk=fulfillment.pk)
    if fulfillment.state == FulfilmentState.ATTENTION:
        moved = rows.filter(state=FulfilmentState.ATTENTION).update(
            state=resume_state(fulfillment), next_at=timezone.now(), attempts=0
        )
    else:
        moved = rows.filter(state__in=Fulfilment.due_states).update(next_at=timezone.now())
    if moved:
        note(fulfillment.order, who=who, what="retried")
        alerts.close_alert(f"fulfilment:{fulfillment.external_id}")
        wake_fulfillment()
    return bool(moved)


def resume_state(fulfillment: Fulfilment) -> FulfilmentState:
    """Return the state in which a fulfillment resumes after attention.

    It is a step before what may have happened, and its worker looks at Printify first. Whether production has started
    is for Printify to say, however often it was requested.
    """
    if fulfillment.order.state == OrderState.CANCELED:
        return FulfilmentState.CANCELING
    return FulfilmentState.NEW if fulfillment.printify_order_id is None else FulfilmentState.CREATED


def hold(
    fulfillment: Fulfilment,
    reason: HoldReason,
    *,
    who: str,
    why: str = "",
    reference: str = "",
    cost: int | None = None,
) -> bool:
    """Stop the fulfillment before production. Return whether this hold is new and certain to stop it.

    A hold is also written while production is being requested: if Printify does not start, the next look finds it.
    """
    with lock_order(fulfillment.order):
        current = Fulfilment.objects.filter(pk=fulfillment.pk, state__in=STOPPABLE).first()
        if current is None:
            return False
        defaults = {"detail": why[:200], "placed_by": who[:120], "cost": cost}
        new_hold, is_new = Hold.objects.open().get_or_create(
            fulfillment=fulfillment, reason=reason, reference=reference[:120], defaults=defaults
        )
        if is_new:
            note(fulfillment.order, who=who, what="held", why=str(new_hold))
    return is_new and current.sent_at is None


def hold_for_concerns(fulfillment: Fulfilment, *, who: str) -> None:
    """Hold for what stands against production now, except what staff have released and were allowed to release."""
    for concern in refunding.concerns(fulfillment.order):
        earlier = fulfillment.holds.filter(reason=concern.reason, reference=concern.reference)
        if concern.blocks or not earlier.exists():
            hold(fulfillment, concern.reason, who=who, why=concern.detail, reference=concern.reference)


def release(hold: Hold, *, who: str) -> bool:
    """End one hold; others stay, and so does the grace period while it runs. Return False when it had ended before.

    Raises HoldStands while something stands against production that staff may not release.
    """
    order = hold.fulfillment.order
    with lock_order(order):
        refunding.require_unblocked(order)
        if not Hold.objects.open().filter(pk=hold.pk).update(released_at=timezone.now(), released_by=who[:120]):
            return False
        Fulfilment.objects.filter(pk=hold.fulfillment_id).update(next_at=timezone.now())
        note(order, who=who, what="released", why=str(hold))
        if hold.reason == HoldReason.COST:
            alerts.close_alert(f"fulfilment:{hold.fulfillment.external_id}")
        wake_fulfillment()
    return True


# --- Changes before production ------------------------------------------------------------------------------------


def revise(order: Order, *, who: str, what: str, why: str = "") -> Fulfilment:
    """Fulfill the order as its row and lines say now. Raises ProductionStarted.

    Call inside the transaction that changed them. The draft at Printify is canceled before one with the next
    revision's id is submitted.
    """
    fulfillment = _stop_before_production(order, FulfilmentState.NEW, held_too=False)
    if fulfillment is None:
        raise ProductionStarted
    revision = fulfillment.revision + 1
    external_id = f"{order.number}-{revision}"
    Fulfilment.objects.filter(pk=fulfillment.pk).update(
        revision=revision,
        external_id=external_id,
        request=printify_body(order) | {"external_id": external_id},
        printify_order_id=None,
        first_try=None,
        last_try=None,
        upstream_status="",
        upstream_cost=0,
        upstream_shipping=None,
    )
    order.lines.exclude(upstream_status="").update(upstream_status="")
    note(order, who=who, what=what, why=why)
    wake_fulfillment()
    fulfillment.refresh_from_db()
    return fulfillment


def _stop_before_production(order: Order, state: FulfilmentState, *, held_too: bool) -> Fulfilment | None:
    """Move the order's fulfillment to `state` and take it from its worker. Return None when it has none.

    Raises ProductionStarted, having written nothing. What may be at Printify is noted as an earlier draft, which is
    canceled there before anything newer is submitted.
    """
    fulfillment = Fulfilment.objects.filter(order=order).exclude(state=FulfilmentState.CANCELED).first()
    if fulfillment is None:
        return None
    if fulfillment.open_holds and not held_too:
        raise ProductionStarted
    unchanged = Fulfilment.objects.filter(
        pk=fulfillment.pk, revision=fulfillment.revision, sent_at__isnull=True, state__in=STOPPABLE
    )
    if not unchanged.update(
        state=state, lease_until=None, lease_token="", next_at=timezone.now(), attempts=0, last_error=""
    ):
        raise ProductionStarted
    alerts.close_alert(f"fulfilment:{fulfillment.external_id}")
    fulfillment.refresh_from_db()  # a worker may have stored Printify's id just before
    if fulfillment.printify_order_id is not None or fulfillment.last_try is not None:
        EarlierDraft.objects.create(
            fulfilment=fulfillment,
            external_id=fulfillment.external_id,
            printify_order_id=fulfillment.printify_order_id,
            last_try=fulfillment.last_try,
        )
    return fulfillment
