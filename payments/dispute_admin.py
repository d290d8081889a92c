"""A dispute for staff: what the bank says, by when it listens, and our answer as it would be, and as it lies at Stripe.

Submitting is done at Stripe, by a person, once.
"""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from ilytat.display.money import format_money
from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.readonly import ReadOnlyAdmin
from payments import disputes, evidence
from payments.labels import humanized
from payments.models import Dispute
from payments.money_admin import link

MAY = "payments.change_dispute"


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin[Dispute]):
    list_display = ("stripe_dispute_id", "money", "stands", "reason_words", "at_stake", "due_by", "staged_at")
    list_filter = ("status", "reason")
    list_select_related = ("payment__order",)
    search_fields = ("stripe_dispute_id", "payment__order__number")
    fields = (("stripe_dispute_id", "stands"), ("opened_at", "closed_at"), ("staged_at", "submissions"))
    readonly_fields = ("stands",)

    @admin.display(description="money of order")
    def money(self, dispute: Dispute) -> SafeString:
        return link(dispute.payment.order)

    @admin.display(description="status", ordering="status")
    def stands(self, dispute: Dispute) -> str:
        return dispute.words

    @admin.display(description="at stake", ordering="amount")
    def at_stake(self, dispute: Dispute) -> str:
        return format_money(dispute.amount, dispute.currency or dispute.payment.currency)

    def get_urls(self) -> list[Any]:
        stage = self.admin_site.admin_view(require_POST(self.stage))
        return [path("<int:pk>/stage/", stage, name="payments_dispute_stage"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Beside Django's: `order`, `currency`, `asks` (the bank waits for an answer), `pack` (label, text), `may`."""
        dispute = self.get_object(request, object_id)
        more = _shown(request, dispute) if dispute else {}
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    def stage(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm(MAY):
            raise PermissionDenied
        dispute = get_object_or_404(Dispute.objects.select_related("payment__order"), pk=pk)
        try:
            pack = disputes.stage(dispute, who=request.user.get_username())
        except IntegrationError as error:
            messages.error(request, f"Nothing was staged. {error.detail}")
        else:
            messages.success(request, f"{len(pack)} texts lie at Stripe, unsent. Look at them there, then submit.")
            if dispute.payment.order.erased_at:
                messages.warning(request, "The buyer's data were erased: email, address and parcels are left out.")
        return redirect("admin:payments_dispute_change", pk)


def _shown(request: HttpRequest, dispute: Dispute) -> dict[str, Any]:
    return {
        "order": dispute.payment.order,
        "currency": dispute.currency or dispute.payment.currency,
        "asks": dispute.status in disputes.ASKS,
        "pack": [(humanized(name).capitalize(), text) for name, text in evidence.pack(dispute).items()],
        "staged": [(humanized(name).capitalize(), text) for name, text in dispute.evidence.items()],
        "may": request.user.has_perm(MAY),
    }
