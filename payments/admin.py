"""The money for staff: ledgers are added to, never edited; what may be done stands on the money page of an order."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.folded import folded
from ilytat.integrations.readonly import ReadOnlyAdmin, ReadOnlyInline
from orders.models import Order
from payments import disputes, money_admin
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
)


def _money(order: Order) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:payments_money", args=[order.pk]), order.number)


@admin.register(CheckoutSession)
class CheckoutSessionAdmin(ReadOnlyAdmin[CheckoutSession]):
    list_display = ("order", "attempt", "state", "stripe_session_id", "created_at", "expires_at")
    list_filter = ("state",)
    search_fields = ("order__number", "stripe_session_id")


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin[Payment]):
    list_display = ("order", "captured", "currency", "applied", "live", "refund_reserved", "fee", "at", "money")
    list_filter = ("applied", "live")
    list_select_related = ("order",)
    search_fields = ("order__number", "payment_intent_id")

    @admin.display(description="money of order")
    def money(self, payment: Payment) -> SafeString:
        return _money(payment.order)

    def get_urls(self) -> list[Any]:
        wrap, at = self.admin_site.admin_view, "order/<int:pk>/"
        return [
            path(at, wrap(money_admin.money), name="payments_money"),
            path(f"{at}give/", wrap(money_admin.give), name="payments_money_give"),
            path(f"{at}cancel/", wrap(money_admin.cancel), name="payments_money_cancel"),
            path(f"{at}hold/", wrap(money_admin.hold), name="payments_money_hold"),
            path(f"{at}refund/<int:refund>/<slug:way>/", wrap(money_admin.settle), name="payments_money_settle"),
            *super().get_urls(),
        ]


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin[Refund]):
    list_display = ("payment", "amount", "reason", "state", "origin", "asked_by", "created_at", "last_error", "money")
    list_filter = ("state", "origin", "reason")
    list_select_related = ("payment__order",)
    search_fields = ("payment__order__number", "stripe_refund_id", "reference")

    @admin.display(description="money of order")
    def money(self, refund: Refund) -> SafeString:
        return _money(refund.payment.order)


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin[Dispute]):
    """What the bank says, and our answer as it lies at Stripe. Submitting is done there, by a person, once."""

    list_display = ("stripe_dispute_id", "money", "status", "reason", "amount", "currency", "due_by", "staged_at")
    list_filter = ("status", "reason")
    list_select_related = ("payment__order",)
    search_fields = ("stripe_dispute_id", "payment__order__number")
    actions = ("stage",)
    fields = (
        ("stripe_dispute_id", "status", "reason"),
        ("money", "amount", "currency", "refundable"),
        ("net", "fee"),
        ("opened_at", "due_by", "closed_at"),
        ("staged_at", "submissions"),
        "staged",
    )
    readonly_fields = ("money", "staged")

    @admin.display(description="money of order")
    def money(self, dispute: Dispute) -> SafeString:
        return _money(dispute.payment.order)

    @admin.display(description="evidence")
    def staged(self, dispute: Dispute) -> SafeString:
        return folded(dispute.evidence)

    def has_stage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payments.change_dispute")

    @admin.action(description="Stage the evidence at Stripe, unsent", permissions=["stage"])
    def stage(self, request: HttpRequest, rows: QuerySet[Dispute]) -> None:
        for dispute in rows.select_related("payment__order"):
            try:
                pack = disputes.stage(dispute, who=str(request.user))
            except IntegrationError as error:
                self.message_user(request, f"{dispute.stripe_dispute_id}: {error.detail}", messages.ERROR)
                continue
            self.message_user(request, f"{dispute.stripe_dispute_id}: {len(pack)} texts staged. Look, then submit.")


@admin.register(FraudWarning)
class FraudWarningAdmin(ReadOnlyAdmin[FraudWarning]):
    list_display = ("stripe_warning_id", "money", "fraud_type", "actionable", "at")
    list_filter = ("actionable", "fraud_type")
    list_select_related = ("payment__order",)

    @admin.display(description="money of order")
    def money(self, warning: FraudWarning) -> SafeString:
        return _money(warning.payment.order)


class UseInline(ReadOnlyInline[CouponUse, Coupon]):
    model = CouponUse
    fields = ("order", "email", "amount", "at", "released_at")


@admin.register(Coupon)
class CouponAdmin(admin.ModelAdmin[Coupon]):
    list_display = ("code", "kind", "value", "free_shipping", "used", "max_uses", "starts_at", "ends_at", "active")
    list_filter = ("active", "kind")
    search_fields = ("code", "note")
    readonly_fields = ("used",)
    inlines = (UseInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Coupon | None = None) -> bool:  # noqa: ARG002 (Django's signature)
        """Orders remember it: switch it off instead."""
        return False


class DifferenceInline(ReadOnlyInline[Difference, ReconcileRun]):
    model = Difference
    fields = ("kind", "order", "reference", "explanation", "action", "explained")


@admin.register(ReconcileRun)
class ReconcileRunAdmin(ReadOnlyAdmin[ReconcileRun]):
    """The last report first: what Stripe, our orders and Printify do not agree about."""

    list_display = ("started_at", "ended_at", "differences", "unexplained", "problems")
    inlines = (DifferenceInline,)

    @admin.display(description="differences")
    def differences(self, run: ReconcileRun) -> int:
        return run.differences.count()

    @admin.display(description="unexplained")
    def unexplained(self, run: ReconcileRun) -> int:
        return run.differences.filter(explained=False).count()
