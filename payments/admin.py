"""The money for staff: ledgers are added to, never edited; what may be done stands on the money page of an order."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import path
from django.utils.safestring import SafeString

from ilytat.display.money import format_money
from ilytat.integrations.readonly import ReadOnlyAdmin, ReadOnlyInline
from payments import credit_admin, dispute_admin, money_admin  # noqa: F401 (importing registers the disputes)
from payments.models import (
    CheckoutSession,
    Coupon,
    CouponUse,
    Difference,
    FraudWarning,
    Payment,
    PrintifyCredit,
    ReconcileRun,
    ReconcileStep,
    Refund,
    StripeCustomer,
)


@admin.register(CheckoutSession)
class CheckoutSessionAdmin(ReadOnlyAdmin[CheckoutSession]):
    list_display = ("order", "attempt", "state", "stripe_session_id", "created_at", "expires_at")
    list_filter = ("state",)
    search_fields = ("order__number", "stripe_session_id")


@admin.register(StripeCustomer)
class StripeCustomerAdmin(ReadOnlyAdmin[StripeCustomer]):
    list_display = ("order", "stripe_customer_id", "state", "attempts", "last_error", "created_at")
    list_filter = ("state",)
    list_select_related = ("order",)
    search_fields = ("order__number", "stripe_customer_id")


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin[Payment]):
    list_display = ("paid", "money", "given_back", "kept_by_stripe", "applied", "live", "at", "payment_intent_id")
    list_filter = ("applied", "live")
    list_select_related = ("order",)
    search_fields = ("order__number", "payment_intent_id")

    @admin.display(description="money of order")
    def money(self, payment: Payment) -> SafeString:
        return money_admin.link(payment.order)

    @admin.display(description="paid", ordering="captured")
    def paid(self, payment: Payment) -> str:
        return format_money(payment.captured, payment.currency)

    @admin.display(description="given back or promised", ordering="refund_reserved")
    def given_back(self, payment: Payment) -> str:
        return format_money(payment.refund_reserved, payment.currency) if payment.refund_reserved else ""

    @admin.display(description="Stripe's fee", ordering="fee")
    def kept_by_stripe(self, payment: Payment) -> str:
        return format_money(payment.fee, payment.currency) if payment.fee is not None else "not told yet"

    def get_urls(self) -> list[Any]:
        wrap, at = self.admin_site.admin_view, "order/<int:pk>/"
        return [
            path(at, wrap(money_admin.money), name="payments_money"),
            path(f"{at}give/", wrap(money_admin.give), name="payments_money_give"),
            path(f"{at}cancel/", wrap(money_admin.cancel), name="payments_money_cancel"),
            path(f"{at}hold/", wrap(money_admin.hold), name="payments_money_hold"),
            path(f"{at}credit/", wrap(credit_admin.book), name="payments_money_credit"),
            path(f"{at}refund/<int:refund>/<slug:way>/", wrap(money_admin.settle), name="payments_money_settle"),
            *super().get_urls(),
        ]


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin[Refund]):
    list_display = ("back", "money", "stands", "why", "origin", "asked_by", "created_at", "last_error")
    list_filter = ("state", "origin", "reason")
    list_select_related = ("payment__order",)
    search_fields = ("payment__order__number", "stripe_refund_id", "reference")

    @admin.display(description="money of order")
    def money(self, refund: Refund) -> SafeString:
        return money_admin.link(refund.payment.order)

    @admin.display(description="state", ordering="state")
    def stands(self, refund: Refund) -> str:
        return refund.words

    @admin.display(description="reason", ordering="reason")
    def why(self, refund: Refund) -> str:
        return refund.reason_words

    @admin.display(description="amount", ordering="amount")
    def back(self, refund: Refund) -> str:
        return format_money(refund.amount, refund.payment.currency)


@admin.register(PrintifyCredit)
class PrintifyCreditAdmin(ReadOnlyAdmin[PrintifyCredit]):
    """Booked on the money page of an order."""

    list_display = ("credited", "money", "reference", "note", "booked_by", "at")
    list_select_related = ("order",)
    search_fields = ("order__number", "reference")

    @admin.display(description="amount", ordering="amount")
    def credited(self, credit: PrintifyCredit) -> str:
        return format_money(credit.amount, credit.currency)

    @admin.display(description="money of order")
    def money(self, credit: PrintifyCredit) -> SafeString:
        return money_admin.link(credit.order)


@admin.register(FraudWarning)
class FraudWarningAdmin(ReadOnlyAdmin[FraudWarning]):
    list_display = ("stripe_warning_id", "money", "fraud_type", "actionable", "at")
    list_filter = ("actionable", "fraud_type")
    list_select_related = ("payment__order",)

    @admin.display(description="money of order")
    def money(self, warning: FraudWarning) -> SafeString:
        return money_admin.link(warning.payment.order)


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


class StepInline(ReadOnlyInline[ReconcileStep, ReconcileRun]):
    model = ReconcileStep
    fields = ("name", "outcome", "since", "started_at", "ended_at", "limit_seconds", "detail")


@admin.register(ReconcileRun)
class ReconcileRunAdmin(ReadOnlyAdmin[ReconcileRun]):
    """The last report first: what Stripe, our orders and Printify do not agree about."""

    list_display = ("started_at", "ended_at", "differences", "unexplained", "problems")
    inlines = (StepInline, DifferenceInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReconcileRun]:
        """Count the differences of all rows in the query of the list."""
        counts = {
            "difference_count": Count("differences"),
            "unexplained_count": Count("differences", filter=Q(differences__explained=False)),
        }
        return super().get_queryset(request).annotate(**counts)

    @admin.display(description="differences", ordering="difference_count")
    def differences(self, run: Any) -> int:
        return int(run.difference_count)

    @admin.display(description="unexplained", ordering="unexplained_count")
    def unexplained(self, run: Any) -> int:
        return int(run.unexplained_count)
