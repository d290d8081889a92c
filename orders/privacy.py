"""What orders keep of a person: everything for their export, and after erasure only what the books need."""

from collections.abc import Iterator
from typing import Any

from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from ilytat.integrations import privacy
from ilytat.integrations.privacy import Person
from orders.models import Cart, Claim, ClaimPhoto, EarlierDraft, Fulfilment, Hold, Order, OrderEvent, Shipment
from orders.models.claim import ClaimState
from orders.states import FINAL, OrderState

PERSONAL = ("name", "address1", "address2", "city", "zip", "phone")
FROZEN = ("number", "state", "currency", "subtotal", "discount", "shipping", "tax", "total", "shipping_method")
WRITTEN = Q(what="note") | Q(what__startswith="claim")  # history in the words of staff and buyer
BATCH = 500  # rows of one UPDATE
# Alerts about an order are keyed by these words and its number (or its id at Printify, which begins with it).
ALERTS_BY_NUMBER = ("order", "partly-refunded", "refunded-printing", "paid-but-refunded", "mail:unheard")
ALERTS_BY_LINE = ("replaced", "canceled")
ALERTS_BY_EXTERNAL_ID = ("fulfilment", "approval", "printed", "unknown-order")


def identify(person: Person) -> Person:
    """The orders of the person's accounts, and those placed with exactly one of the person's addresses."""
    own = Order.objects.filter(Q(user__in=person.users) | Q(email__in=person.addresses))
    orders = list(own.prefetch_related("lines", "claims").order_by("pk"))
    keys, numbers = [order.pk for order in orders], [order.number for order in orders]
    fulfilments = Fulfilment.objects.filter(order__in=keys).values_list("pk", "external_id", "printify_order_id")
    drafts = EarlierDraft.objects.filter(fulfilment__order__in=keys).values_list("external_id", "printify_order_id")
    external = [row[1] for row in fulfilments] + [row[0] for row in drafts]
    return person.extended(
        orders=keys,
        references=[*numbers, *(row[2] for row in fulfilments), *(row[1] for row in drafts)],
        alert_keys=[
            *(f"{kind}:{number}" for number in numbers for kind in ALERTS_BY_NUMBER),
            *(f"{kind}:{name}" for name in external for kind in ALERTS_BY_EXTERNAL_ID),
            *(
                f"{kind}:{order.number}-{line.pk}"
                for kind in ALERTS_BY_LINE
                for order in orders
                for line in order.lines.all()
            ),
            *(f"claim:{claim.pk}" for order in orders for claim in order.claims.all()),
        ],
        words=[word for order in orders for word in _words(order)],
        logged=[("orders.order", str(key)) for key in keys],
    )


def _words(order: Order) -> Iterator[str]:
    """A person is written of by the whole name and by each part of it."""
    yield from (order.email, *(getattr(order, name) for name in PERSONAL), *order.name.split())


def _orders(person: Person) -> QuerySet[Order]:
    return Order.objects.filter(pk__in=person.orders)


def lock(person: Person) -> None:
    """The same lock as a payment takes: an order is not erased while its money arrives."""
    list(_orders(person).select_for_update(no_key=True).order_by("pk").values_list("pk"))


def export(person: Person) -> list[dict[str, Any]]:
    return [_one(order) for order in _orders(person).prefetch_related("lines", "events", "claims")]


def _one(order: Order) -> dict[str, Any]:
    columns = ("email", "language", "region", "country", *PERSONAL, *FROZEN)
    return {
        **{name: getattr(order, name) for name in columns},
        "placed_at": order.placed_at.isoformat(),
        "lines": [
            f"{line.quantity} × {line.title} ({line.label}), {line.unit_price} each" for line in order.lines.all()
        ],
        "claims": [{"what": claim.get_kind_display(), "words": claim.words} for claim in order.claims.all()],
        "history": [f"{event.at.isoformat()} {event}" for event in order.events.all()],
    }


def unsettled(person: Person) -> str:
    """A parcel on its way needs its address, and so does a payment that may still arrive."""
    undecided = Q(state__in=(OrderState.AWAITING_PAYMENT, OrderState.ATTENTION))
    waiting = undecided | Q(state=OrderState.PAID, fulfilment__isnull=True)
    printing = Q(fulfilment__isnull=False) & ~Q(fulfilment__state__in=FINAL)
    complaining = Q(claims__state=ClaimState.OPEN)
    order = _orders(person).filter(waiting | printing | complaining).first()
    return _("Order %(number)s is not settled yet.") % {"number": order.number} if order else ""


def erase(person: Person) -> None:
    """Numbers, products, totals, country and dates stay for the books; the cart and all that names somebody goes."""
    orders = list(_orders(person))
    _erase_carts(person)
    events = OrderEvent.objects.filter(order__in=person.orders)
    events.filter(who__in={*person.addresses, *(order.email for order in orders)}).update(who="buyer")
    events.filter(WRITTEN).update(why="")
    privacy.scrub(events, ["why"], person.words)
    ClaimPhoto.objects.filter(claim__order__in=person.orders).delete()
    Claim.objects.filter(order__in=person.orders).update(words="", answer="")
    Fulfilment.objects.filter(order__in=person.orders).update(request={}, last_error="")
    Hold.objects.filter(fulfillment__order__in=person.orders).update(detail="")
    # The number leads to the carrier's page with name and address. Unique with its parcel's other columns.
    gone = Concat(Value("erased-"), Cast("pk", CharField()), output_field=CharField())
    Shipment.objects.filter(fulfilment__order__in=person.orders).update(number=gone, url="")
    _erase_names(orders)


def _erase_carts(person: Person) -> None:
    """Not one that somebody else ordered from as well, in the same browser, or that is another account's."""
    others = Order.objects.filter(cart__isnull=False).exclude(pk__in=person.orders)
    own = Cart.objects.filter(Q(orders__in=person.orders, user=None) | Q(user__in=person.users))
    keys = set(own.values_list("pk", flat=True))
    keys -= set(others.filter(cart__in=keys).values_list("cart", flat=True))
    Cart.objects.filter(pk__in=keys).delete()


def _erase_names(orders: list[Order]) -> None:
    now = timezone.now()
    for order in orders:
        for name in PERSONAL:
            setattr(order, name, "")
        order.email, order.user, order.erased_at = privacy.anonymous_address(), None, order.erased_at or now
    Order.objects.bulk_update(orders, [*PERSONAL, "email", "user", "erased_at"], batch_size=BATCH)


def addresses() -> QuerySet[Order, str]:
    return Order.objects.values_list("email", flat=True).distinct()


privacy.register(
    privacy.PersonalDataHandler(
        "orders",
        export=export,
        erase=erase,
        identify=identify,
        lock=lock,
        unsettled=unsettled,
        addresses=addresses,
    )
)
