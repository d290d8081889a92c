"""The one screen where staff give money back: both ledgers of an order, what is left, and how each refund stands."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from ilytat.display.money import exponent, format_money, minor
from ilytat.integrations.transactions import retry_conflicts
from orders import attention, refunding
from orders.line_values import DELIVERY, Quantities
from orders.locks import lock_order
from orders.models import Fulfilment, Order
from orders.refunding import Disputed, TooMuch
from payments import cancellation, labels, ledger, refunds
from payments.models import Payment, Refund

MAY = "payments.refund_order"
WAYS: dict[str, tuple[Callable[[Refund], bool], str]] = {
    "retry": (refunds.retry, "Stripe is asked once more."),
    "let-go": (refunds.give_up, "Let go of: this money can be given back anew."),
}


class RefundForm(forms.Form):
    """`amount` as staff write it (12.50), or the lines; `press` names this very press."""

    reason = forms.ChoiceField(choices=list(labels.REFUND_REASONS.items()))
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
    context = {"ledger": shown, "order": order, "currency": order.currency, "reasons": labels.REFUND_REASONS.items()}
    return render(request, "admin/payments/money.html", context | {"may": request.user.has_perm(MAY)} | _frame(request))


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
    found, refunded = {}, ledger.given(order)
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
    if not request.user.has_perm(MAY):
        raise PermissionDenied
    return get_object_or_404(Order, pk=pk)
