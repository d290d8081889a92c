"""The money, read-only: ledgers are added to, never edited."""

from django.contrib import admin

from ilytat.integrations.readonly import ReadOnlyAdmin
from payments.models import CheckoutSession, Dispute, Payment, Refund


@admin.register(CheckoutSession)
class CheckoutSessionAdmin(ReadOnlyAdmin[CheckoutSession]):
    list_display = ("order", "attempt", "state", "stripe_session_id", "created_at", "expires_at")
    list_filter = ("state",)
    search_fields = ("order__number", "stripe_session_id")


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin[Payment]):
    list_display = ("order", "captured", "currency", "applied", "live", "refund_reserved", "fee", "at")
    list_filter = ("applied", "live")
    search_fields = ("order__number", "payment_intent_id")


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin[Refund]):
    list_display = ("payment", "amount", "reason", "state", "asked_by", "created_at", "last_error")
    list_filter = ("state", "reason")
    search_fields = ("payment__order__number", "stripe_refund_id")


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin[Dispute]):
    list_display = ("stripe_dispute_id", "payment", "status", "reason", "amount", "due_by")
    list_filter = ("status",)
    search_fields = ("stripe_dispute_id", "payment__order__number")
