"""Claims for staff: what the buyer wrote, the photos, and three answers. Photos are served here and nowhere else."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from ilytat.display.money import exponent, format_money, minor
from ilytat.integrations.readonly import ReadOnlyAdmin
from orders import attention, claims, refunding
from orders.models import Claim, ClaimPhoto
from orders.permissions import REPRINT_ORDER

DECISION_PERMISSIONS = {"reprint": [REPRINT_ORDER], "refund": ["payments.refund_order"]}
AMOUNT = "Write an amount like 12.50, or none."


class AnswerForm(forms.Form):
    """`amount` as staff write it (12.50), cleaned to minor units; empty for what the claimed lines cost."""

    decision = forms.ChoiceField(choices=[(name, name) for name in ("reprint", "refund", "decline")])
    answer = forms.CharField(max_length=2000, required=False)

    def __init__(self, data: QueryDict, currency: str) -> None:
        super().__init__(data)
        places = exponent(currency)
        least = Decimal(1).scaleb(-places)
        self.currency = currency
        self.fields["amount"] = forms.DecimalField(
            required=False,
            min_value=least,
            max_digits=10,
            decimal_places=places,
            error_messages=dict.fromkeys(("invalid", "min_value", "max_digits", "max_decimal_places"), AMOUNT),
        )

    def clean_amount(self) -> int | None:
        amount = self.cleaned_data["amount"]
        return None if amount is None else minor(amount, self.currency)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("decision") == "decline" and not given.get("answer"):
            self.add_error("answer", "Tell the buyer why.")
        return given


@admin.register(Claim)
class ClaimAdmin(ReadOnlyAdmin[Claim]):
    list_display = ("order", "kind", "state", "made_at", "answered_at", "answered_by")
    list_filter = ("state", "kind", "made_at")
    search_fields = ("order__number", "words")
    list_select_related = ("order",)
    fields = ("order", "kind", "state", "made_at", "answer", "answered_by", "answered_at", "reprint", "goes_back")
    readonly_fields = ("goes_back",)
    change_form_template = "admin/orders/claim/change_form.html"

    @admin.display(description="goes back")
    def goes_back(self, claim: Claim) -> str:
        return format_money(claim.refund, refunding.currency(claim.order)) if claim.refund else "-"

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/answer/", wrap(require_POST(self.answer)), name="orders_claim_answer"),
            path("photos/<int:pk>/", wrap(require_GET(self.photo)), name="orders_claim_photo"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Beside Django's: `claimed` (lines), `photos` (without their bytes), `worth` and `left` (minor units
        of `currency`), `decisions` (those that this person may make).
        """
        claim = self.get_object(request, object_id)
        more: dict[str, Any] = {}
        if claim:
            pictures = claim.photos.defer("image")
            more = {"claimed": claim.lines.all(), "photos": pictures, "worth": claims.refundable(claim)}
            more |= {"left": refunding.left(claim.order), "currency": refunding.currency(claim.order)}
            more["decisions"] = [decision for decision in ANSWERS if _may_decide(request, decision)]
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    def answer(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not _may_decide(request, request.POST.get("decision", "")):
            raise PermissionDenied
        claim = get_object_or_404(Claim.objects.select_related("order"), pk=pk)
        form = AnswerForm(request.POST, refunding.currency(claim.order))
        if not form.is_valid():
            messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        else:
            _decide(request, claim, form.cleaned_data)
        return redirect("admin:orders_claim_change", pk)

    def photo(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = get_object_or_404(ClaimPhoto, pk=pk)
        headers = {"Cache-Control": "private, no-store", "Content-Disposition": "inline"}
        return HttpResponse(bytes(found.image), content_type="image/webp", headers=headers)


def _may_decide(request: HttpRequest, decision: str) -> bool:
    return request.user.has_perms(["orders.change_claim", *DECISION_PERMISSIONS.get(decision, ())])


def _decide(request: HttpRequest, claim: Claim, given: dict[str, Any]) -> None:
    try:
        answered = ANSWERS[given["decision"]](claim, request.user.get_username(), given)
    except refunding.NotRefundable as error:
        messages.error(request, attention.why_not_refundable(error))
        return
    except refunding.HoldStands as error:
        messages.error(request, attention.not_reprinted(error))
        return
    if not answered:
        messages.warning(request, "It was answered already.")
        return
    back = f" {format_money(claim.refund, refunding.currency(claim.order))} is going back." if claim.refund else ""
    messages.success(request, f"Answered; the buyer is told by mail.{back}")


Answer = Callable[[Claim, str, dict[str, Any]], bool]
ANSWERS: dict[str, Answer] = {
    "reprint": lambda claim, who, given: claims.reprint(claim, who=who, answer=given["answer"]),
    "refund": lambda claim, who, given: claims.refund(claim, who=who, amount=given["amount"], answer=given["answer"]),
    "decline": lambda claim, who, given: claims.decline(claim, who=who, answer=given["answer"]),
}
