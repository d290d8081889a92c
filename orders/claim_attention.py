"""Open claims before staff, with the two answers that need no words."""

from collections.abc import Iterator

from django.urls import reverse

from ilytat.display.money import format_money
from ilytat.integrations import attention
from ilytat.integrations.attention import SHOWN, Action, Row, Source
from orders import claims, line_values, refunding
from orders.attention import REFUND, not_reprinted, why_not_refundable
from orders.models import Claim
from orders.models.claim import ClaimState
from orders.permissions import REPRINT_ORDER


def _claims() -> Iterator[Row]:
    rows = Claim.objects.filter(state=ClaimState.OPEN).select_related("order")
    open_claims = list(rows.prefetch_related("lines", "order__lines").order_by("made_at")[:SHOWN])
    line_values.prefetch_first([claim.order for claim in open_claims])
    for claim in open_claims:
        what = f"{claim.get_kind_display()} (order {claim.order.number})"
        url = reverse("admin:orders_claim_change", args=[claim.pk])
        cost = sum(line.unit_cost * line.quantity for line in claim.lines.all())
        worth = format_money(claims.worth(claim), claim.order.currency)
        costs = f"A refund is {worth}; a reprint about {format_money(cost, claim.order.currency)} and delivery."
        yield Row(claim.pk, what, claim.words[:300], claim.made_at, url, costs, ("reprint", "refund"))


def _reprint(pk: int, who: str) -> str:
    claim = Claim.objects.select_related("order").get(pk=pk)
    try:
        return "It is printed again." if claims.reprint(claim, who=who) else "It was answered already."
    except refunding.HoldStands as error:
        return not_reprinted(error)


def _refund(pk: int, who: str) -> str:
    claim = Claim.objects.select_related("order").get(pk=pk)
    try:
        if not claims.refund(claim, who=who):
            return "It was answered already."
    except refunding.NotRefundable as error:
        return why_not_refundable(error)
    return f"{format_money(claim.refund, refunding.currency(claim.order))} is going back."


attention.register(
    Source(
        "claims",
        "Claims",
        "orders.change_claim",
        _claims,
        {
            "reprint": Action("Print again", _reprint, final=True, permission=REPRINT_ORDER),
            "refund": Action("Refund", _refund, final=True, permission=REFUND),
        },
    )
)
