"""The money for staff: ledgers are added to, never edited; what may be done stands on the money page of an order."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet, prefetch_related_objects
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from ilytat.integrations.admin import ReadOnlyAdmin, ReadOnlyInline
from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.transactions import retry_conflicts
from ilytat.pages.money import exponent, format_money, minor
from orders import attention, refunding
from orders.allocation import DELIVERY, Quantities
from orders.locks import lock_order
from orders.models import Fulfilment, Order
from orders.refunding import Disputed, TooMuch
from payments import cancellation, credit_admin, disputes, ledger, models, refunds
from payments.models import (
    CheckoutSession,
    Coupon,
    CouponUse,
    Difference,
    Dispute,
    FraudWarning,
    Payment,
    PrintifyCredit,
    ReconcileRun,
    ReconcileStep,
    Refund,
    StripeCustomer,
    humanized,
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
        return link(payment.order)

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
            path(at, wrap(money), name="payments_money"),
            path(f"{at}give/", wrap(give), name="payments_money_give"),
            path(f"{at}cancel/", wrap(cancel), name="payments_money_cancel"),
            path(f"{at}hold/", wrap(hold), name="payments_money_hold"),
            path(f"{at}credit/", wrap(credit_admin.book), name="payments_money_credit"),
            path(f"{at}refund/<int:refund>/<slug:way>/", wrap(settle), name="payments_money_settle"),
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
        return link(refund.payment.order)

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
        return link(credit.order)


@admin.register(FraudWarning)
class FraudWarningAdmin(ReadOnlyAdmin[FraudWarning]):
    list_display = ("stripe_warning_id", "money", "fraud_type", "actionable", "at")
    list_filter = ("actionable", "fraud_type")
    list_select_related = ("payment__order",)

    @admin.display(description="money of order")
    def money(self, warning: FraudWarning) -> SafeString:
        return link(warning.payment.order)


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


MAY_REFUND = "payments.refund_order"
WAYS: dict[str, tuple[Callable[[Refund], bool], str]] = {
    "retry": (refunds.retry, "Stripe is asked once more."),
    "let-go": (refunds.abandon, "Let go of: this money can be given back anew."),
}


class RefundForm(forms.Form):
    """`amount` as staff write it (12.50), or the lines; `press` names this very press."""

    reason = forms.ChoiceField(choices=list(models.REFUND_REASONS.items()))
    note = forms.CharField(required=False, max_length=500)
    press = forms.CharField(max_length=40)

    def __init__(self, data: QueryDict, currency: str) -> None:
        super().__init__(data)
        places = exponent(currency)
        self.fields["amount"] = forms.DecimalField(required=False, min_value=0, max_digits=12, decimal_places=places)


def link(order: Order) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:payments_money", args=[order.pk]), order.number)


def money(request: HttpRequest, pk: int) -> HttpResponse:
    """`ledger`, `currency`, `reasons`, `may`; and the admin's own frame."""
    order = get_object_or_404(Order, pk=pk)
    if not request.user.has_perm("payments.view_payment"):
        raise PermissionDenied
    shown = ledger.for_order(order)
    context = {"ledger": shown, "order": order, "currency": order.currency, "reasons": models.REFUND_REASONS.items()}
    return render(
        request, "admin/payments/money.html", context | {"may": request.user.has_perm(MAY_REFUND)} | _frame(request)
    )


def _frame(request: HttpRequest) -> dict[str, Any]:
    return admin.site.each_context(request) | {"title": "Money"}


@require_POST
def give(request: HttpRequest, pk: int) -> HttpResponse:
    """One refund: the lines that were ticked, or the amount that was written."""
    order = _allowed(request, pk)
    form = RefundForm(request.POST, order.currency)
    try:
        refund = _refund(request, order, form) if form.is_valid() else None
    except Disputed:
        messages.error(request, attention.DISPUTED)
    except TooMuch:
        left = format_money(refunding.left(order), order.currency)
        messages.error(request, f"At most {left} can be given back, and more than 0.")
    else:
        if refund is None:
            messages.error(request, "Write an amount like 12.50, or choose lines.")
        elif refund.state == "failed":
            messages.error(request, "The refund that this form made has failed. Nothing more was changed.")
        else:
            messages.success(request, f"{format_money(refund.amount, order.currency)} is going back.")
    return redirect("admin:payments_money", pk)


@retry_conflicts
def _refund(request: HttpRequest, order: Order, form: RefundForm) -> Refund | None:
    """What is left of each line is read under the lock: another person may be refunding the same one.

    None when the order has no payment. Raises NotRefundable.
    """
    with lock_order(order):
        payment = Payment.objects.filter(order=order, applied=True).first()
        if payment is None:
            return None
        prefetch_related_objects([order], "lines")
        chosen, typed = _chosen(request, order), form.cleaned_data["amount"]
        return cancellation.request_refund(
            payment,
            # An amount that was written counts more than the lines it is for.
            minor(typed, order.currency) if typed else ledger.value(order, chosen),
            reason=form.cleaned_data["reason"],
            requested_by=request.user.get_username(),
            note=form.cleaned_data["note"],
            lines=chosen,
            form_token=form.cleaned_data["press"],
        )


def _chosen(request: HttpRequest, order: Order) -> Quantities:
    """Line → how many of it, never more than is left of it; and the delivery when it is ticked."""
    found, refunded = {}, ledger.refunded_quantities(order)
    for row in ledger.lines_left(order, refunded):
        typed = request.POST.get(f"line_{row.line.pk}", "")
        if typed.isascii() and typed.isdecimal() and min(int(typed[:4]), row.left) > 0:
            found[row.line.pk] = min(int(typed[:4]), row.left)
    if "delivery" in request.POST and ledger.delivery_left(order, refunded):
        found[DELIVERY] = 1
    return found


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Before printing: the order is canceled at Printify and everything goes back."""
    order = _allowed(request, pk)
    messages.info(request, attention.cancel_for_shop(order, who=request.user.get_username()))
    return redirect("admin:payments_money", pk)


@require_POST
def hold(request: HttpRequest, pk: int) -> HttpResponse:
    order = _allowed(request, pk)
    job = Fulfilment.objects.filter(order=order).first()
    if job is None:
        messages.info(request, "There is nothing to hold: the order is not paid.")
    else:
        who = request.user.get_username()
        messages.info(request, attention.hold(job, who=who, why="its payment is being reviewed"))
    return redirect("admin:payments_money", pk)


@require_POST
def settle(request: HttpRequest, pk: int, refund: int, way: str) -> HttpResponse:
    """A refund that rests: ask Stripe once more, or let go of it. Another way than these two changes nothing."""
    order = _allowed(request, pk)
    row = get_object_or_404(Refund, pk=refund, payment__order=order)
    if way not in WAYS:
        messages.error(request, f"There is no such button as {way!r}. Nothing was changed.")
        return redirect("admin:payments_money", pk)
    press, done = WAYS[way]
    if press(row):
        messages.success(request, done)
    else:
        messages.warning(request, f"Nothing was changed: this refund is {row.state} now and does not rest.")
    return redirect("admin:payments_money", pk)


def _allowed(request: HttpRequest, pk: int) -> Order:
    if not request.user.has_perm(MAY_REFUND):
        raise PermissionDenied
    return get_object_or_404(Order, pk=pk)


MAY_CHANGE_DISPUTE = "payments.change_dispute"


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
        if not request.user.has_perm(MAY_CHANGE_DISPUTE):
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
        "asks": dispute.status in disputes.NEEDS_RESPONSE,
        "pack": [(humanized(name).capitalize(), text) for name, text in disputes.evidence_package(dispute).items()],
        "staged": [(humanized(name).capitalize(), text) for name, text in dispute.evidence.items()],
        "may": request.user.has_perm(MAY_CHANGE_DISPUTE),
    }
