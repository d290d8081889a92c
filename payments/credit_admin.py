"""The form on an order's money screen that books a credit from Printify."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from ilytat.pages.money import exponent, format_money, minor
from orders.models import Order
from payments.ledger import CreditRefused, book_credit

PERMISSION = "payments.add_printifycredit"


class CreditForm(forms.Form):
    """`amount` as staff write it (4.75, or -4.75 to undo an entry)."""

    reference = forms.CharField(max_length=60)
    note = forms.CharField(required=False, max_length=500)
    form_token = forms.CharField(max_length=40)

    def __init__(self, data: QueryDict, currency: str) -> None:
        super().__init__(data)
        self.fields["amount"] = forms.DecimalField(max_digits=12, decimal_places=exponent(currency))


@require_POST
def book(request: HttpRequest, pk: int) -> HttpResponse:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    order = get_object_or_404(Order, pk=pk)
    form = CreditForm(request.POST, order.currency)
    if not form.is_valid():
        messages.error(request, "Nothing was booked. Enter an amount like 4.75 and Printify's number of the credit.")
        return redirect("admin:payments_money", pk)
    try:
        credit = book_credit(
            order,
            minor(form.cleaned_data["amount"], order.currency),
            reference=form.cleaned_data["reference"],
            note=form.cleaned_data["note"],
            booked_by=request.user.get_username(),
            form_token=form.cleaned_data["form_token"],
        )
    except CreditRefused as error:
        messages.error(request, f"Nothing was booked. {error}")
    else:
        messages.success(request, f"{format_money(credit.amount, credit.currency)} from Printify is booked.")
    return redirect("admin:payments_money", pk)
