"""Record disputes and fraud warnings, hold printing meanwhile, and submit evidence.

The caller has just read the facts from Stripe. Recording them runs inside one transaction and may be repeated.
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
NEEDS_RESPONSE = frozenset({"needs_response", "warning_needs_response", "appeal_needs_response"})
REMIND_BEFORE_DUE = timedelta(days=2)
NEXT_STEPS = {
    "won": "The money comes back. Release the order if it is still held.",
    "lost": "The money and the fee are gone. Cancel what is still held.",
    "warning_closed": "The bank asks no more. Release the order if it is still held.",
    "prevented": "Nothing was taken. Release the order if it is still held.",
}
MAX_EVIDENCE_CHARACTERS = 20_000
TIME_FORMAT = "%Y-%m-%d %H:%M UTC"


def book(facts: DisputeFacts) -> Result:
    """Record how a dispute stands. Raises NotYetKnown for a payment that we do not have (yet)."""
    payment = _find_payment(facts.payment_intent, f"dispute {facts.id}")
    with lock_order(payment.order):
        return _record_dispute(payment, facts)


def _record_dispute(payment: Payment, facts: DisputeFacts) -> Result:
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
        _announce(dispute, before)
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


def _find_payment(intent: str, what: str) -> Payment:
    payment = Payment.objects.select_related("order").filter(payment_intent_id=intent).first() if intent else None
    if payment is None:
        raise NotYetKnown(f"payment {intent} of {what}")
    return payment


def _announce(dispute: Dispute, before: str) -> None:
    """Note a new status in the order's history, hold its printing and alert staff."""
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
    """Return whether staff must act now. A status that we do not know counts: we cannot rule it out."""
    return status in NEEDS_RESPONSE or status not in KNOWN


def asking() -> QuerySet[Dispute]:
    return Dispute.objects.exclude(status__in=KNOWN - NEEDS_RESPONSE)


def stop(payment: Payment, reason: HoldReason, *, reference: str, why: str) -> str:
    """Hold what is not yet in production. Return whether printing is held now, as a sentence for staff."""
    if not payment.applied:
        return "Nothing is being printed."
    reprints = Fulfilment.objects.select_related("order").filter(order__in=reprints_of(payment.order))
    for reprint in reprints:
        lifecycle.hold(reprint, reason, who=WHO, why=why, reference=reference)
    fulfillment = Fulfilment.objects.select_related("order").filter(order=payment.order).first()
    if fulfillment is None:
        return "Nothing is being printed."
    lifecycle.hold(fulfillment, reason, who=WHO, why=why, reference=reference)
    return "Printing is held." if fulfillment.open_holds and fulfillment.sent_at is None else "Printing had begun."


def warn(facts: WarningFacts) -> Result:
    """Record an early fraud warning and hold printing. Staff decide whether to refund before it becomes a dispute."""
    payment = _find_payment(facts.payment_intent, f"fraud warning {facts.id}")
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
    """Save the evidence at Stripe without submitting it, and return it. Raises an IntegrationError."""
    pack = evidence_package(dispute)
    gateway.stage_evidence(dispute.stripe_dispute_id, pack)
    with transaction.atomic():
        Dispute.objects.filter(pk=dispute.pk).update(evidence=pack, staged_at=timezone.now())
        lifecycle.note(dispute.payment.order, who=who, what="evidence staged", why=dispute.stripe_dispute_id)
    return pack


def remind() -> int:
    """Alert staff once per dispute, two days before its answer is due. Return the number of alerts."""
    now = timezone.now()
    rows = Dispute.objects.filter(status__in=NEEDS_RESPONSE, submissions=0, reminded_at=None, due_by__gt=now)
    due = list(rows.filter(due_by__lt=now + REMIND_BEFORE_DUE).select_related("payment__order"))
    for dispute in due:
        with transaction.atomic():
            Dispute.objects.filter(pk=dispute.pk).update(reminded_at=now)
            order: Order = dispute.payment.order
            message = f"The dispute of order {order.number} must be answered by {dispute.due_by:%Y-%m-%d %H:%M} UTC."
            alerts.open_alert(
                _due_key(dispute), message, next_step="Look at the staged evidence in Stripe and submit it, or accept."
            )
    return len(due)


def evidence_package(dispute: Dispute) -> dict[str, str]:
    order = dispute.payment.order
    is_erased = order.erased_at is not None
    shipments = [] if is_erased else list(Shipment.objects.filter(fulfilment__order=order))
    fields = {
        "customer_name": order.name,
        "customer_email_address": "" if is_erased else order.email,
        "product_description": _describe_items(order),
        "shipping_address": "" if is_erased else "\n".join(emails.address_lines(order)),
        "billing_address": "",
        **_shipping_fields(shipments),
        "service_date": f"{order.paid_at:%Y-%m-%d}" if order.paid_at else "",
        "refund_policy_disclosure": _describe_policy(order),
        "cancellation_policy_disclosure": _describe_policy(order),
        "uncategorized_text": _describe_history(order, shipments),
    }
    return {name: text[:MAX_EVIDENCE_CHARACTERS] for name, text in fields.items() if text}


def _describe_items(order: Order) -> str:
    lines = [f"{x.quantity} × {x.title} ({x.label}), printed on demand for this order" for x in order.lines.all()]
    return "\n".join([*lines, f"Total paid: {format_money(order.total, order.currency)}"])


def _shipping_fields(shipments: list[Shipment]) -> dict[str, str]:
    if not shipments:
        return {}
    return {
        "shipping_carrier": ", ".join(dict.fromkeys(shipment.carrier_name for shipment in shipments)),
        "shipping_tracking_number": ", ".join(shipment.number for shipment in shipments),
        "shipping_date": f"{shipments[0].shipped_at:%Y-%m-%d}",
    }


def _describe_policy(order: Order) -> str:
    pages = ", ".join(urljoin(settings.SITE_URL, f"/pages/{slug}/") for slug in ("terms", "returns"))
    placed = f"{order.placed_at:{TIME_FORMAT}}"
    return f"Shown and linked at checkout before paying ({placed}), terms in version {order.terms or placed}: {pages}"


def _describe_history(order: Order, shipments: list[Shipment]) -> str:
    parts = [
        f"Order {order.number}",
        _section("What happened", [f"{x.at:{TIME_FORMAT}} {x.who}: {x} {x.why}".rstrip() for x in order.events.all()]),
        _section(
            "Address check", [f"{x.at:{TIME_FORMAT}} {x.why}" for x in order.events.filter(what__startswith="address")]
        ),
        _section("Carrier", [_describe_shipment(shipment) for shipment in shipments]),
        _section("Mails sent to the customer", _list_emails(order)),
    ]
    return "\n\n".join(part for part in parts if part)


def _describe_shipment(shipment: Shipment) -> str:
    arrived = (
        f", delivered {shipment.delivered_at:{TIME_FORMAT}}" if shipment.delivered_at else ", not reported as delivered"
    )
    shipped = f"shipped {shipment.shipped_at:{TIME_FORMAT}}"
    return f"{shipment.carrier_name} {shipment.number}: {shipped}{arrived} {shipment.url}".rstrip()


def _list_emails(order: Order) -> list[str]:
    sent = OutgoingEmail.objects.filter(reference=order.number, state="sent", to=order.email).order_by("sent_at")
    return [f"{mail.sent_at:{TIME_FORMAT}} {mail.subject}" for mail in sent]


def _section(title: str, lines: list[str]) -> str:
    return "\n".join([f"{title}:", *lines]) if lines else ""
