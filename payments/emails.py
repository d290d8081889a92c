"""The mails about money, each queued in the transaction of its news."""

from datetime import datetime
from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, override

from ilytat.pages.money import format_money
from notifications import contexts, outbox, staff_alerts
from notifications.models import OutgoingEmail
from orders import allocation, emails
from orders.models import Order
from payments.models import Refund


def refund_sent(refund: Refund) -> None:
    """Once a refund, whoever made it, unless the email about a cancelation or a claim has announced exactly this money.

    Call after what the refund cancels. A surplus goes back with a word of its own.
    """
    payment, order = refund.payment, refund.payment.order
    if _is_announced(refund):
        return
    with override(order.language):
        why = "" if payment.applied else gettext("Your order had been paid twice.")
    context: contexts.RefundSent = {
        **emails.about(order),
        "amount": format_money(refund.amount, payment.currency, order.language),
        "partial": payment.applied and refund.amount < payment.captured,
        "reason": why,
    }
    _queue("refund_sent", f"refund:{refund.pk}", order, context)


def _is_announced(refund: Refund) -> bool:
    """A refund that is made later than that email is news: the first one failed, or it is another payment's."""
    payment, order = refund.payment, refund.payment.order
    if not payment.applied:
        return False
    numbers = [order.number, *(reprint.number for reprint in allocation.reprints_of(order))]
    announced = OutgoingEmail.objects.filter(
        kind__in=("order_canceled", "claim_answered"), reference__in=numbers, created_at__gte=refund.created_at
    )
    amounts = {email.context.get("refund") or email.context.get("amount") for email in announced}
    return format_money(refund.amount, payment.currency, order.language) in amounts


def refund_failed(refund: Refund, *, alert_key: str, reason: str, next_step: str) -> None:
    """To staff, in place of the open alert's plain mail."""
    payment, order = refund.payment, refund.payment.order
    context: contexts.RefundFailed = {
        "number": order.number,
        "url": urljoin(settings.SITE_URL, reverse("admin:payments_money", args=[order.pk])),
        "amount": format_money(refund.amount, payment.currency, settings.LANGUAGE_CODE),
        "reason": reason,
        "next_step": next_step,
    }
    staff_alerts.queue(alert_key, "refund_failed", dict(context), reference=order.number)


def payment_confirming(order: Order) -> None:
    """Ordered, and the bank takes some days: nothing is printed meanwhile."""
    context: contexts.PaymentConfirming = {
        **emails.about(order),
        "totals": emails.totals(order),
        "ship_to": emails.address_lines(order),
        "answer_by": "",
    }
    _queue("payment_confirming", f"confirming:{order.number}", order, context)


def payment_failed(order: Order, *, attempt: int, pay_until: datetime | None) -> None:
    """A bank said no after some days: the order waits a little longer for another way to pay."""
    context: contexts.PaymentFailed = {
        **emails.about(order),
        "total": format_money(order.total, order.currency, order.language),
        "retry_url": urljoin(settings.SITE_URL, reverse("checkout_again", args=[order.token])),
        "pay_until": pay_until.isoformat() if pay_until else "",
    }
    _queue("payment_failed", f"payment-failed:{order.number}:{attempt}", order, context)


def _queue(kind: str, key: str, order: Order, context: object) -> None:
    assert isinstance(context, dict)  # noqa: S101 (a TypedDict is one; this tells the type checker)
    outbox.queue(kind, dedupe_key=key, to=order.email, language=order.language, context=context, reference=order.number)
