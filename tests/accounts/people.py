"""A customer with a row in every table that may name a person, and all rows of all tables for comparison."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from catalog.models import MissedSearch
from ilytat.accounts import emails
from ilytat.accounts.models import Address, User
from ilytat.integrations import privacy
from ilytat.integrations.event_references import reference_of
from ilytat.integrations.models import Alert, InboundEvent
from notifications.models import Consent, OutgoingEmail, Subscriber, Suppression
from orders.models import Cart, ClaimPhoto, EarlierDraft, Fulfilment, Order, Shipment, StockWatch
from orders.states import FulfilmentState, OrderState
from payments.models import (
    CheckoutSession,
    Coupon,
    CouponUse,
    Difference,
    Dispute,
    FraudWarning,
    Payment,
    ReconcileRun,
    Refund,
    StripeCustomer,
)
from tests import factories

Rows = dict[tuple[str, str], tuple[Any, ...]]  # (table, primary key) → the whole row


@dataclass(frozen=True)
class Customer:
    email: str = "renee.lopez@example.com"
    name: str = "Renée López"
    street: str = "77 Private Lane"
    phone: str = "555 010 7788"

    @property
    def traces(self) -> tuple[str, ...]:
        return (self.email, self.name, self.street, self.phone)


RENEE = Customer()


def delivered(who: Customer = RENEE, **given: Any) -> Order:
    """An order that nothing is open about any more."""
    values = {"email": who.email, "name": who.name, "address1": who.street, "phone": who.phone}
    order = factories.order(factories.variant(), **values | {"state": OrderState.PAID} | given)
    Fulfilment.objects.create(
        order=order,
        state=FulfilmentState.DELIVERED,
        external_id=f"{order.number}-1",
        printify_order_id=f"p{order.number}",
        request={"address_to": {"first_name": order.name, "address1": order.address1, "email": order.email}},
        release_at=order.placed_at,
    )
    return order


def account(who: Customer) -> User:
    """Confirmed and signed in."""
    user = User.objects.create_user(who.email, "long-enough-4-anyone", first_name=who.name[:150])
    EmailAddress.objects.create(user=user, email=who.email, verified=True, primary=True)
    Address.objects.create(user=user, name=who.name[:120], address1=who.street, city="Chicago", country="US")
    key = session_of({"_auth_user_id": str(user.pk)})
    UserSession.objects.create(user=user, session_key=key, ip="192.0.2.1", user_agent="Firefox")
    return user


def session_of(data: dict[str, Any]) -> str:
    store = SessionStore()
    store.update(data)
    store.create()
    return str(store.session_key)


def everything(who: Customer = RENEE, user: User | None = None, cart: Cart | None = None) -> Order:
    """The customer's delivered order with all that hangs on it, mail, consents and what the admin noted."""
    order = delivered(who, user=user, cart=cart or factories.cart(factories.variant()))
    _history(order, who)
    _money(order, who)
    _mail(order, who)
    _events(order, who)
    staff = User.objects.get_or_create(email="log@ilytat.com")[0]
    logged(staff, order, f"{who.name} called")
    if user:
        logged(staff, user, f"Changed {who.email}")
    return order


def logged(staff: User, row: Any, message: str) -> LogEntry:
    kind = ContentType.objects.get_for_model(row)
    return LogEntry.objects.create(
        user=staff,
        content_type=kind,
        object_id=str(row.pk),
        object_repr=str(row)[:200],
        action_flag=CHANGE,
        change_message=message,
    )


def _history(order: Order, who: Customer) -> None:
    order.events.create(who=who.email, what="address", why=f"from {who.street} to elsewhere")
    order.events.create(who="eva@ilytat.com", what="note", why=f"{who.name.split()[0]} sounds nice")
    told = {"words": f"{who.name} here", "answer": f"Dear {who.name}", "answered_at": order.placed_at}
    claim = order.claims.create(key=f"c{order.number}", kind="damaged", state="declined", **told)
    ClaimPhoto.objects.create(claim=claim, image=b"a picture", width=1, height=1)
    parcel = {"fulfilment": order.fulfilment, "carrier": "usps"}
    for number in (f"9400A{order.number}", f"9400B{order.number}"):
        Shipment.objects.create(**parcel, number=number, url=f"https://track.example/{number}")
    EarlierDraft.objects.create(fulfilment=order.fulfilment, external_id=order.number, printify_order_id=f"e{order.pk}")
    StockWatch.objects.create(variant=factories.variant(), email=who.email)


def _money(order: Order, who: Customer) -> None:
    number = order.number
    CheckoutSession.objects.create(
        order=order,
        idempotency_key=f"checkout-{number}",
        stripe_session_id=f"cs_{number}",
        url=f"https://checkout.stripe.com/c/pay/cs_{number}",
        state="complete",
        expires_at=order.placed_at,
    )
    StripeCustomer.objects.create(order=order, stripe_customer_id=f"cus_{number}")
    payment = Payment.objects.create(
        order=order, payment_intent_id=f"pi_{number}", captured=order.total, currency="USD"
    )
    Refund.objects.create(
        payment=payment,
        amount=100,
        asked_by=who.email,
        note=f"{who.name} wrote",
        idempotency_key=f"r{number}",
        state="succeeded",
    )
    FraudWarning.objects.create(payment=payment, stripe_warning_id=f"issfr_{number}", actionable=False)
    closed = {"status": "won", "amount": 100, "closed_at": order.placed_at}
    evidence = {"customer_name": who.name}
    Dispute.objects.create(payment=payment, stripe_dispute_id=f"du_{number}", evidence=evidence, **closed)
    coupon, _made = Coupon.objects.get_or_create(code="KIND10", defaults={"value": 10})
    CouponUse.objects.create(coupon=coupon, order=order, email=who.email, amount=100)
    run = ReconcileRun.objects.create()
    Difference.objects.create(run=run, kind="x", order=order, explanation=f"{who.name} paid less", action="none")


def _mail(order: Order, who: Customer) -> None:
    number = order.number
    mail = {"state": "sent", "context": {"name": who.name}, "text": f"Dear {who.name}"}
    OutgoingEmail.objects.create(
        kind="shipped", dedupe_key=f"s{number}", to=who.email, reference=number, subject=f"For {who.name}", **mail
    )
    OutgoingEmail.objects.create(
        kind="refund_failed", dedupe_key=f"f{number}", to="staff@ilytat.com", reference=number, **mail
    )
    if order.user:
        before = {"to": f"before-{number}@example.net", "reference": emails.reference(order.user)}
        OutgoingEmail.objects.create(kind="email_changed", dedupe_key=f"e{number}", **before, **mail)
    reader = Subscriber.objects.create(email=who.email, news=True)
    Consent.objects.create(subscriber=reader, address_hash=privacy.fingerprint(who.email), act="asked", where="footer")
    Suppression.objects.create(email=who.email, reason="bounce")


def _events(order: Order, who: Customer) -> None:
    """As each provider names the order; one of Stripe's names the payment only, one of SendGrid's the address only."""
    number = order.number
    person: dict[str, Any] = {"name": who.name, "email": who.email}
    objects = [
        {"object": "checkout.session", "id": f"cs_{number}", "client_reference_id": number, "customer_details": person},
        {"object": "charge", "id": f"ch_{number}", "payment_intent": f"pi_{number}", "billing_details": person},
        {"object": "customer", "id": f"cus_{number}", **person},
    ]
    events: list[tuple[str, dict[str, Any]]] = [("stripe", {"data": {"object": subject}}) for subject in objects]
    events.append(("printify", {"resource": {"id": f"p{number}", "type": "order", "data": person}}))
    events.append(("sendgrid", {"email": who.email, "event": "delivered"}))
    for place, (source, payload) in enumerate(events):
        InboundEvent.objects.create(
            source=source,
            event_id=f"evt_{number}_{place}",
            type="x",
            state="done",
            payload=payload,
            reference=reference_of(source, payload),
        )
    told = {"message": f"Mail to {who.email} bounced", "closed_at": order.placed_at}
    alert = Alert.objects.create(key=f"mail:unheard:{number}", **told)
    OutgoingEmail.objects.create(
        kind="staff_alert",
        dedupe_key=f"alert:{alert.pk}:alerts@ilytat.com",
        reference=f"alert:{alert.pk}",
        to="alerts@ilytat.com",
        context={"message": alert.message},
        state="sent",
    )


def shared(who: Customer) -> None:
    """What is nobody's, and happens to hold the customer's words."""
    MissedSearch.objects.create(term=f"gift for {who.name.casefold()}"[:60])
    factories.inbound_event(type="x", state="done", payload={"data": {"object": {"name": who.name}}})
    Alert.objects.create(key=f"health:{who.name}"[:120], message=f"{who.name} {who.email}", closed_at=None)
    session_of({"account_login": {"email": who.email}})


def rows() -> Rows:
    """Every row of every table, as the database itself holds it."""
    found: Rows = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            meta = model._meta
            if not meta.managed or meta.proxy:
                continue
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(meta.db_table)}")  # noqa: S608 (names from our models)
            key = [column[0] for column in cursor.description].index(meta.pk.column)
            found |= {(meta.db_table, str(row[key])): row for row in cursor.fetchall()}
    return found


def naming(*needles: str) -> list[str]:
    """The rows that hold one of the needles, in any case, also as JSON escapes it."""
    written = {form.lower() for needle in needles for form in (needle, json.dumps(needle)[1:-1])}
    return [row for row in _texts() if any(form in row.lower() for form in written)]


def _texts() -> Iterator[str]:
    for (table, _key), row in rows().items():
        yield " ".join((table, *map(str, row)))
