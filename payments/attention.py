"""What payments bring before staff: refunds that came to rest, and disputes that wait for an answer."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ilytat.integrations.attention import SHOWN, Action, AttentionSource, Row
from ilytat.integrations.dashboard import Tile
from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.jobs import ATTENTION
from ilytat.integrations.transactions import retry_conflicts
from ilytat.pages.money import format_money
from orders.attention import why_not_refundable
from orders.locks import lock_order
from orders.refunding import NotRefundable
from payments import disputes, estimated_shipping, incidents, reserve
from payments.cancellation import request_refund
from payments.models import Difference, Dispute, Payment, ReconcileRun, Refund
from payments.refunds import abandon, retry

GIVE_BACK = "payments.refund_order"


def _refunds() -> Iterator[Row]:
    rows = Refund.objects.filter(state=ATTENTION).select_related("payment__order").order_by("created_at")[:SHOWN]
    for refund in rows:
        order, payment = refund.payment.order, refund.payment
        url = reverse("admin:payments_money", args=[order.pk])
        costs = f"{format_money(refund.amount, payment.currency)} has not gone back."
        what = f"A refund of order {order.number} rests"
        yield Row(refund.pk, what, refund.last_error, refund.created_at, url, costs, ("again", "let-go"))


def _let_go(pk: int, _who: str) -> str:
    done = abandon(Refund.objects.get(pk=pk))
    return "Let go of: this money can be given back anew." if done else "It was dealt with already."


def _again(pk: int, _who: str) -> str:
    return "Queued: it is tried again." if retry(Refund.objects.get(pk=pk)) else "It was dealt with already."


def _disputes() -> Iterator[Row]:
    for dispute in disputes.asking().select_related("payment__order").order_by("opened_at")[:SHOWN]:
        order = dispute.payment.order
        url = reverse("admin:payments_dispute_change", args=[dispute.pk])
        until = f" Answer until {timezone.localtime(dispute.due_by):%d %b %Y, %H:%M}." if dispute.due_by else ""
        staged = " The evidence lies at Stripe, unsent: submit it there." if dispute.staged_at else ""
        costs = f"{format_money(dispute.amount, dispute.payment.currency)} and Stripe's fee are at stake."
        why = f"{dispute.reason.replace('_', ' ').capitalize()}.{until}{staged}"
        actions = ("stage", "refund") if dispute.refundable and dispute.payment.left else ("stage",)
        yield Row(dispute.pk, f"Order {order.number} is disputed", why, dispute.opened_at, url, costs, actions)


@retry_conflicts
def _refund(pk: int, who: str) -> str:
    """All that is left of it: that ends an inquiry, which a part of it need not."""
    dispute = Dispute.objects.select_related("payment").get(pk=pk)
    try:
        with lock_order(dispute.payment.order):
            dispute.refresh_from_db()
            payment = dispute.payment
            if not dispute.refundable or not disputes.asks(dispute.status):
                return "It is too late to refund it instead."
            refund = request_refund(
                payment,
                reserve.refundable_amount(payment),
                reason="requested_by_customer",
                requested_by=who,
                note="the bank asked",
            )
    except NotRefundable as error:
        return why_not_refundable(error)
    return f"{format_money(refund.amount, payment.currency)} is going back."


def _stage(pk: int, who: str) -> str:
    """Unsent: to be looked at in Stripe, and submitted there by a person."""
    try:
        texts = disputes.stage(Dispute.objects.select_related("payment__order").get(pk=pk), who=who)
    except IntegrationError as error:
        return f"Not staged: {error.detail}"
    return f"{len(texts)} texts lie at Stripe, unsent. Look at them there, then submit."


REFUNDS = AttentionSource(
    "refunds",
    "Refunds",
    "payments.view_refund",
    _refunds,
    {
        "again": Action("Try again", _again, permission=GIVE_BACK),
        "let-go": Action("Paid another way", _let_go, final=True, permission=GIVE_BACK),
    },
)
DISPUTES = AttentionSource(
    "disputes",
    "Disputes",
    "payments.view_dispute",
    _disputes,
    {
        "stage": Action("Stage the evidence", _stage, permission="payments.change_dispute"),
        "refund": Action("Refund it instead", _refund, final=True, permission=GIVE_BACK),
    },
)


def _differences() -> Iterator[Row]:
    """Of the last comparison only: the next one finds again what is still so."""
    last = ReconcileRun.objects.exclude(ended_at=None).first()
    if last is None:
        return
    rows = Difference.objects.filter(run=last, explained=False)
    for row in rows.exclude(kind__in=incidents.KINDS)[:SHOWN]:  # those stand here as incidents and webhooks
        url = reverse("admin:payments_reconcilerun_change", args=[row.run_id])
        yield Row(
            row.pk, f"{row.kind.capitalize()}: {row.reference}", row.explanation, last.started_at, url, row.action
        )


DIFFERENCES = AttentionSource("differences", "Differences in the books", "payments.view_reconcilerun", _differences)


def money_today() -> Tile:
    """By the shop's clock, in the shop's currency; payments of the other mode (test, live) do not count."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    amount, count = _received(today, today + timedelta(days=1))
    before, _count = _received(today - timedelta(days=1), today)
    details = [ngettext("%(count)s payment", "%(count)s payments", count) % {"count": count}]
    back = _given_back(today)
    if back:
        details.append(_("%(money)s given back") % {"money": _written(back)})
    difference, orders = estimated_shipping.recent()
    if orders:
        cost_more = _("estimated shipping in 90 days cost %(money)s more than quoted")
        cost_less = _("estimated shipping in 90 days cost %(money)s less than quoted")
        details.append((cost_more if difference > 0 else cost_less) % {"money": _written(abs(difference))})
    details.append(_("yesterday %(money)s") % {"money": _written(before)})
    url = f"{reverse('admin:payments_payment_changelist')}?at__gte={today:%Y-%m-%d}"
    return Tile(_("Money today"), _written(amount), "; ".join(details), url)


def _received(start: datetime, end: datetime) -> tuple[int, int]:
    rows = Payment.objects.filter(at__gte=start, at__lt=end, live=settings.STRIPE_LIVE)
    found = rows.filter(currency=settings.SHOP_CURRENCY).aggregate(amount=Sum("captured"), count=Count("pk"))
    return found["amount"] or 0, found["count"]


def _given_back(start: datetime) -> int:
    """What was asked for today, whether the bank has it yet or not."""
    rows = Refund.objects.filter(created_at__gte=start, payment__live=settings.STRIPE_LIVE).exclude(state="failed")
    found = rows.filter(payment__currency=settings.SHOP_CURRENCY).aggregate(amount=Sum("amount"))
    return found["amount"] or 0


def _written(amount: int) -> str:
    return format_money(amount, settings.SHOP_CURRENCY)
