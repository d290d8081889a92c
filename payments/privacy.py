"""What the ledger keeps of a person: amounts, dates and Stripe's ids. Names and texts go with the erasure."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from ilytat.integrations import privacy
from payments.models import CouponUse, Difference, Dispute, Payment, Refund

MOVING = ("new", "sent", "attention")


def _of(email: str, order: str) -> Q:
    return Q(**{f"{order}__email__iexact": email}) | Q(**{f"{order}__user__email__iexact": email})


def _refunds(email: str) -> QuerySet[Refund]:
    return Refund.objects.filter(_of(email, "payment__order"))


def export(email: str) -> list[dict[str, Any]]:
    payments = Payment.objects.filter(_of(email, "order")).select_related("order").prefetch_related("refunds")
    return [
        {
            "order": payment.order.number,
            "paid": payment.captured,
            "currency": payment.currency,
            "at": payment.at.isoformat(),
            "refunds": [{"amount": x.amount, "state": x.state} for x in payment.refunds.all()],
        }
        for payment in payments
    ]


def unsettled(email: str) -> str:
    if _refunds(email).filter(state__in=MOVING).exists():
        return _("A refund is still on its way.")
    if Dispute.objects.filter(_of(email, "payment__order"), closed_at__isnull=True).exists():
        return _("The bank has not yet decided about a payment.")
    return ""


def erase(email: str, traces: frozenset[str]) -> None:
    _refunds(email).filter(asked_by__iexact=email).update(asked_by="buyer")
    Dispute.objects.filter(_of(email, "payment__order")).update(evidence={})
    CouponUse.objects.filter(email__iexact=email).update(
        email=f"{privacy.fingerprint(email)[:40]}@{privacy.ERASED_DOMAIN}"
    )
    privacy.scrub(Refund.objects.all(), ["note", "last_error"], traces)
    privacy.scrub(Difference.objects.all(), ["explanation"], traces)


def addresses() -> QuerySet[CouponUse, str]:
    return CouponUse.objects.values_list("email", flat=True).distinct()


privacy.register(privacy.Keeper("payments", export=export, erase=erase, unsettled=unsettled, addresses=addresses))
