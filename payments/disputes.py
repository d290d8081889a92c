"""What banks hold against a payment: printing is held, staff are told by when to answer, the outcome is booked.

Facts are re-read from Stripe by the caller; everything here runs inside one transaction and may run again.
"""

from datetime import timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from ilytat.integrations import alerts
from ilytat.integrations.errors import Outcome, Result
from ilytat.integrations.inbox import NotYetKnown
from ilytat.pages.money import format_money
from notifications.models import OutgoingEmail
from orders import emails, lifecycle
from orders.allocation import reprints_of
from orders.locks import lock_order
from orders.models import Fulfilment, HoldReason, Order, Shipment
from payments import gateway
from payments.models import Dispute, FraudWarning, Payment
from payments.reserve import OVER
from payments.stripe_objects import DisputeFacts, WarningFacts

WHO = "stripe"
KNOWN = OVER | {
    "needs_response",
    "under_review",
    "warning_needs_response",
    "warning_under_review",
    "appeal_needs_response",
    "appeal_under_review",
}
ASKS = frozenset({"needs_response", "warning_needs_response", "appeal_needs_response"})
REMIND_BEFORE = timedelta(days=2)
NEXT_STEPS = {
    "won": "The money comes back. Release the order if it is still held.",
    "lost": "The money and the fee are gone. Cancel what is still held.",
    "warning_closed": "The bank asks no more. Release the order if it is still held.",
    "prevented": "Nothing was taken. Release the order if it is still held.",
}


def book(facts: DisputeFacts) -> Result:
    """Record how a dispute stands. Raises NotYetKnown for a payment that we do not have (yet)."""
    payment = _payment(facts.payment_intent, f"dispute {facts.id}")
    with lock_order(payment.order):
        return _record(payment, facts)


def _record(payment: Payment, facts: DisputeFacts) -> Result:
    dispute, created = Dispute.objects.get_or_create(
        stripe_dispute_id=facts.id, defaults={"payment": payment, "status": "", "amount": facts.amount}
    )
    before, changes = dispute.status, _columns(dispute, facts)
    reopened = facts.status.startswith("appeal_") or before == "warning_closed"
    if before in OVER and facts.status not in OVER and not reopened:
        return Result(Outcome.LATE, "The dispute is over.")
    changed = [name for name, value in changes.items() if getattr(dispute, name) != value]
    if not created and not changed:
        return Result(Outcome.DUPLICATE, "Nothing new.")
    Dispute.objects.filter(pk=dispute.pk).update(**changes)
    dispute.refresh_from_db()
    if before != dispute.status:
        _tell(dispute, before)
    return Result(Outcome.HANDLED, f"Dispute status: {dispute.status}.")


def _columns(dispute: Dispute, facts: DisputeFacts) -> dict[str, object]:
    over = facts.status in OVER
    return {
        "status": facts.status[:40],
        "reason": facts.reason[:60],
        "amount": facts.amount,
        "currency": facts.currency,
        "refundable": facts.refundable,
        "net": facts.net,
        "fee": facts.fee,
        "due_by": facts.due_by,
        "submissions": facts.submissions,
        "closed_at": (dispute.closed_at or timezone.now()) if over else None,
    }


def _payment(intent: str, what: str) -> Payment:
    payment = Payment.objects.select_related("order").filter(payment_intent_id=intent).first() if intent else None
    if payment is None:
        raise NotYetKnown(f"payment {intent} of {what}")
    return payment


def _tell(dispute: Dispute, before: str) -> None:
    """The order's history, the hold and the alert: whenever the status is a new one."""
    order, key, due_key = dispute.payment.order, f"dispute:{dispute.stripe_dispute_id}", _due_key(dispute)
    amount = format_money(dispute.amount, dispute.currency or dispute.payment.currency)
    lifecycle.note(order, who=WHO, what="dispute", new=dispute.status[:24], why=f"{amount}, {dispute.reason}")
    answered = bool(before) and asks(before) and not asks(dispute.status)
    if answered or dispute.status in OVER:
        alerts.close_alert(key)
        alerts.close_alert(due_key)
    if dispute.status in OVER:
        message = f"The dispute of order {order.number} over {amount} is {dispute.status.replace('_', ' ')}."
        outcome = f"dispute-over:{dispute.stripe_dispute_id}:{dispute.status}"
        alerts.open_alert(outcome, message, next_step=NEXT_STEPS[dispute.status])
        return
    stopped = stop(dispute.payment, HoldReason.DISPUTE, reference=dispute.stripe_dispute_id, why=dispute.reason)
    if answered:
        return
    due = f" Answer by {dispute.due_by:%Y-%m-%d %H:%M} UTC." if dispute.due_by else " No answer is possible."
    kind = "An inquiry" if dispute.status.startswith("warning") else "A dispute"
    new = "" if dispute.status in KNOWN else f" Its status {dispute.status!r} is new to us."
    message = (
        f"{kind} about order {order.number} over {amount} ({dispute.reason}).{due if asks(dispute.status) else ''}{new}"
    )
    alerts.open_alert(key, message, next_step=f"{stopped} Open the dispute in the admin and stage the evidence.")


def _due_key(dispute: Dispute) -> str:
    return f"dispute-due:{dispute.stripe_dispute_id}"


def asks(status: str) -> bool:
    """Whether somebody has to do something now; of a word that is new to us nobody can tell otherwise."""
    return status in ASKS or status not in KNOWN


def asking() -> QuerySet[Dispute]:
    return Dispute.objects.exclude(status__in=KNOWN - ASKS)


def stop(payment: Payment, reason: HoldReason, *, reference: str, why: str) -> str:
    """Hold what is not yet in production. Returns how that stands now: another doubt may have held it before."""
    if not payment.applied:
        return "Nothing is being printed."
    reprints = Fulfilment.objects.select_related("order").filter(order__in=reprints_of(payment.order))
    for reprint in reprints:
        lifecycle.hold(reprint, reason, who=WHO, why=why, reference=reference)
    job = Fulfilment.objects.select_related("order").filter(order=payment.order).first()
    if job is None:
        return "Nothing is being printed."
    lifecycle.hold(job, reason, who=WHO, why=why, reference=reference)
    return "Printing is held." if job.open_holds and job.sent_at is None else "Printing had begun."


def warn(facts: WarningFacts) -> Result:
    """An early fraud warning: held, and staff decide whether a refund is cheaper than the dispute to come."""
    payment = _payment(facts.payment_intent, f"fraud warning {facts.id}")
    with lock_order(payment.order):
        return _record_warning(payment, facts)


def _record_warning(payment: Payment, facts: WarningFacts) -> Result:
    values = {"payment": payment, "fraud_type": facts.fraud_type[:60], "actionable": facts.actionable}
    warning, created = FraudWarning.objects.get_or_create(stripe_warning_id=facts.id, defaults=values)
    order, key = payment.order, f"fraud:{facts.id}"
    if not created and warning.actionable == facts.actionable:
        return Result(Outcome.DUPLICATE, "Nothing new.")
    FraudWarning.objects.filter(pk=warning.pk).update(actionable=facts.actionable)
    if not facts.actionable:
        alerts.close_alert(key)
        return Result(Outcome.HANDLED, "There is nothing to decide any more.")
    stopped = stop(payment, HoldReason.FRAUD_WARNING, reference=facts.id, why=facts.fraud_type)
    lifecycle.note(order, who=WHO, what="fraud warning", why=facts.fraud_type)
    message = f"The bank warns of fraud in order {order.number} ({facts.fraud_type.replace('_', ' ')})."
    alerts.open_alert(key, message, next_step=f"{stopped} Four in five become disputes: cancel and refund, or wait.")
    return Result(Outcome.HANDLED, stopped)


def stage(dispute: Dispute, *, who: str) -> dict[str, str]:
    """Build the evidence from our own data and lay it at Stripe unsent. Raises an IntegrationError."""
    pack = evidence_package(dispute)
    gateway.stage_evidence(dispute.stripe_dispute_id, pack)
    with transaction.atomic():
        Dispute.objects.filter(pk=dispute.pk).update(evidence=pack, staged_at=timezone.now())
        lifecycle.note(dispute.payment.order, who=who, what="evidence staged", why=dispute.stripe_dispute_id)
    return pack


def remind() -> int:
    """Once a dispute, two days before the bank stops listening. Returns how many alerts were raised."""
    now = timezone.now()
    rows = Dispute.objects.filter(status__in=ASKS, submissions=0, reminded_at=None, due_by__gt=now)
    due = list(rows.filter(due_by__lt=now + REMIND_BEFORE).select_related("payment__order"))
    for dispute in due:
        with transaction.atomic():
            Dispute.objects.filter(pk=dispute.pk).update(reminded_at=now)
            order: Order = dispute.payment.order
            message = f"The dispute of order {order.number} must be answered by {dispute.due_by:%Y-%m-%d %H:%M} UTC."
            alerts.open_alert(
                _due_key(dispute), message, next_step="Look at the staged evidence in Stripe and submit it, or accept."
            )
    return len(due)


LONGEST = 20_000
WHEN = "%Y-%m-%d %H:%M UTC"


def evidence_package(dispute: Dispute) -> dict[str, str]:
    order = dispute.payment.order
    is_erased = order.erased_at is not None
    parcels = [] if is_erased else list(Shipment.objects.filter(fulfilment__order=order))
    made = {
        "customer_name": order.name,
        "customer_email_address": "" if is_erased else order.email,
        "product_description": _goods(order),
        "shipping_address": "" if is_erased else "\n".join(emails.address_lines(order)),
        "billing_address": "",
        **_parcels(parcels),
        "service_date": f"{order.paid_at:%Y-%m-%d}" if order.paid_at else "",
        "refund_policy_disclosure": _policy(order),
        "cancellation_policy_disclosure": _policy(order),
        "uncategorized_text": _story(order, parcels),
    }
    return {name: text[:LONGEST] for name, text in made.items() if text}


def _goods(order: Order) -> str:
    lines = [f"{x.quantity} × {x.title} ({x.label}), printed on demand for this order" for x in order.lines.all()]
    return "\n".join([*lines, f"Total paid: {format_money(order.total, order.currency)}"])


def _parcels(parcels: list[Shipment]) -> dict[str, str]:
    if not parcels:
        return {}
    return {
        "shipping_carrier": ", ".join(dict.fromkeys(parcel.carrier_name for parcel in parcels)),
        "shipping_tracking_number": ", ".join(parcel.number for parcel in parcels),
        "shipping_date": f"{parcels[0].shipped_at:%Y-%m-%d}",
    }


def _policy(order: Order) -> str:
    pages = ", ".join(urljoin(settings.SITE_URL, f"/pages/{slug}/") for slug in ("terms", "returns"))
    placed = f"{order.placed_at:{WHEN}}"
    return f"Shown and linked at checkout before paying ({placed}), terms in version {order.terms or placed}: {pages}"


def _story(order: Order, parcels: list[Shipment]) -> str:
    parts = [
        f"Order {order.number}",
        _section("What happened", [f"{x.at:{WHEN}} {x.who}: {x} {x.why}".rstrip() for x in order.events.all()]),
        _section("Address check", [f"{x.at:{WHEN}} {x.why}" for x in order.events.filter(what__startswith="address")]),
        _section("Carrier", [_journey(parcel) for parcel in parcels]),
        _section("Mails sent to the customer", _mails(order)),
    ]
    return "\n\n".join(part for part in parts if part)


def _journey(parcel: Shipment) -> str:
    arrived = f", delivered {parcel.delivered_at:{WHEN}}" if parcel.delivered_at else ", not reported as delivered"
    return f"{parcel.carrier_name} {parcel.number}: shipped {parcel.shipped_at:{WHEN}}{arrived} {parcel.url}".rstrip()


def _mails(order: Order) -> list[str]:
    sent = OutgoingEmail.objects.filter(reference=order.number, state="sent", to=order.email).order_by("sent_at")
    return [f"{mail.sent_at:{WHEN}} {mail.subject}" for mail in sent]


def _section(title: str, lines: list[str]) -> str:
    return "\n".join([f"{title}:", *lines]) if lines else ""
