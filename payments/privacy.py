"""What the ledger keeps of a person: amounts, dates and Stripe's ids. Names and texts go with the erasure."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ilytat.integrations import privacy
from ilytat.integrations.privacy import Person
from orders.states import OrderState
from payments import checkout, customers
from payments.models import (
    CheckoutSession,
    CouponUse,
    Difference,
    Dispute,
    FraudWarning,
    Payment,
    PrintifyCredit,
    Refund,
    StripeCustomer,
)

MOVING = ("new", "sent", "attention")


def identify(person: Person) -> Person:
    """Stripe's ids of the person's orders: its events name those, and the alerts about their money."""
    intents = _payments(person).values_list("payment_intent_id", flat=True)
    disputes = Dispute.objects.filter(payment__order__in=person.orders).values_list("stripe_dispute_id", "status")
    warnings = FraudWarning.objects.filter(payment__order__in=person.orders).values_list("stripe_warning_id", flat=True)
    refunds = _refunds(person).values_list("pk", flat=True)
    return person.extended(
        references=[
            *intents,
            *_sessions(person).values_list("stripe_session_id", flat=True),
            *_customers(person).values_list("stripe_customer_id", flat=True),
        ],
        alert_keys=[
            *(f"{kind}:{intent}" for intent in intents for kind in ("surplus", "review")),
            *(f"{kind}:{name}" for name, _status in disputes for kind in ("dispute", "dispute-due")),
            *(f"dispute-over:{name}:{status}" for name, status in disputes),
            *(f"fraud:{name}" for name in warnings),
            *(f"refund:{key}" for key in refunds),
        ],
    )


def _payments(person: Person) -> QuerySet[Payment]:
    return Payment.objects.filter(order__in=person.orders)


def _refunds(person: Person) -> QuerySet[Refund]:
    return Refund.objects.filter(payment__order__in=person.orders)


def _sessions(person: Person) -> QuerySet[CheckoutSession]:
    return CheckoutSession.objects.filter(order__in=person.orders)


def _customers(person: Person) -> QuerySet[StripeCustomer]:
    return StripeCustomer.objects.filter(order__in=person.orders)


def export(person: Person) -> list[dict[str, Any]]:
    return [
        {
            "order": payment.order.number,
            "paid": payment.captured,
            "currency": payment.currency,
            "at": payment.at.isoformat(),
            "refunds": [{"amount": x.amount, "state": x.state} for x in payment.refunds.all()],
        }
        for payment in _payments(person).select_related("order").prefetch_related("refunds")
    ]


def close(person: Person) -> None:
    """Close the pages that could still be paid, and find the customers at Stripe whose id we never learned."""
    waiting = _sessions(person).filter(state__in=checkout.OPEN, order__state=OrderState.AWAITING_PAYMENT)
    for row in waiting.select_related("order"):
        checkout.close(row)
    customers.find_unknown(_customers(person))


def unsettled(person: Person) -> str:
    if _refunds(person).filter(state__in=MOVING).exists():
        return _("A refund is still on its way.")
    if Dispute.objects.filter(payment__order__in=person.orders, closed_at__isnull=True).exists():
        return _("The bank has not yet decided about a payment.")
    if _sessions(person).filter(state__in=checkout.OPEN).exists():
        return _("A payment page is still open.")
    return ""


def erase(person: Person) -> None:
    """The ledger's rows stay; what people wrote and the page that shows the buyer's email at Stripe go."""
    refunds = _refunds(person)
    refunds.filter(asked_by__in=person.addresses).update(asked_by="buyer")
    privacy.scrub(refunds, ["note", "last_error"], person.words)
    Dispute.objects.filter(payment__order__in=person.orders).update(evidence={})
    privacy.scrub(Difference.objects.filter(order__in=person.orders), ["explanation"], person.words)
    privacy.scrub(PrintifyCredit.objects.filter(order__in=person.orders), ["note"], person.words)
    _sessions(person).update(url="")
    customers.delete(_customers(person))
    _erase_coupon_uses(person)


def _erase_coupon_uses(person: Person) -> None:
    """A code still counts as used by this person, whose address only its fingerprint recognizes."""
    uses = list(CouponUse.objects.filter(order__in=person.orders))
    for use in uses:
        if not privacy.is_anonymous(use.email):
            use.email = f"{privacy.fingerprint(use.email)[:40]}@{privacy.ERASED_DOMAIN}"
    CouponUse.objects.bulk_update(uses, ["email"], batch_size=500)


def addresses() -> QuerySet[CouponUse, str]:
    return CouponUse.objects.values_list("email", flat=True).distinct()


privacy.register(
    privacy.PersonalDataHandler(
        "payments",
        export=export,
        erase=erase,
        identify=identify,
        unsettled=unsettled,
        close=close,
        addresses=addresses,
    )
)
