"""Orders for staff: what happened is read-only; each action calls the function that the tasks call."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_POST

from catalog.delivery_estimates import PARCELS_MIN
from ilytat.integrations.admin import ReadOnlyAdmin, ReadOnlyInline, collapsed, listed
from ilytat.integrations.storable import storable_text
from ilytat.pages.money import exponent, format_money, minor
from notifications import outbox
from notifications.models import OutgoingEmail
from orders import attention, claims, delivery_records, lifecycle, refunding, tracking
from orders.models import Claim, ClaimPhoto, Fulfilment, Hold, HoldReason, Order, Shipment, StockWatch
from orders.permissions import RELEASE_HOLD, REPRINT_ORDER
from orders.states import STOPPABLE

__all__ = ["ClaimAdmin", "FulfilmentAdmin", "OrderAdmin", "StockWatchAdmin"]


class ShipmentInline(ReadOnlyInline[Shipment, Fulfilment]):
    model = Shipment
    fields = readonly_fields = ("carrier_name", "number", "contents", "url", "shipped_at", "delivered_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shipment]:
        return super().get_queryset(request).prefetch_related("lines__line")

    @admin.display(description="contents")
    def contents(self, shipment: Shipment) -> str:
        return ", ".join(str(packed) for packed in shipment.lines.all()) or "-"


class HoldInline(ReadOnlyInline[Hold, Fulfilment]):
    model = Hold
    fields = readonly_fields = ("reason", "detail", "since", "placed_by", "released_at", "released_by")


class OnHoldFilter(admin.SimpleListFilter):
    title, parameter_name = "on hold", "held"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 (Django's signature)
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Fulfilment]) -> QuerySet[Fulfilment]:  # noqa: ARG002 (as above)
        held = Hold.objects.open().filter(fulfillment__state__in=STOPPABLE).values("fulfillment")
        match self.value():
            case "yes":
                return queryset.filter(pk__in=held)
            case "no":
                return queryset.exclude(pk__in=held)
        return queryset


@admin.register(Fulfilment)
class FulfilmentAdmin(ReadOnlyAdmin[Fulfilment]):
    list_display = ("external_id", "state", "held", "upstream_status", "error", "next_at", "attempts")
    list_filter = ("state", OnHoldFilter, "upstream_status")
    search_fields = ("external_id", "printify_order_id", "order__email")
    list_select_related = ("order",)
    inlines = (HoldInline, ShipmentInline)
    actions = ("retry", "hold", "release")
    change_form_template = "admin/orders/fulfilment/change_form.html"
    fields = (
        ("external_id", "printify_order_id", "revision"),
        ("state", "upstream_status", "charged"),
        "release_at",
        ("created_at", "sent_at", "left_at", "ended_at"),
        ("next_at", "attempts", "first_try", "last_try"),
        "last_error",
        "sent",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Fulfilment]:
        return super().get_queryset(request).prefetch_related("holds")

    @admin.display(description="on hold")
    def held(self, job: Fulfilment) -> str:
        return ", ".join(hold.get_reason_display() for hold in job.open_holds)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Actions are offered to those who may change; the form itself stays read-only."""
        return admin.ModelAdmin.has_change_permission(self, request, obj)  # type: ignore[arg-type]  # the inherited hook knows no row type

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:  # noqa: ARG002 (Django's signature)
        return [*(field.name for field in Fulfilment._meta.fields), "charged", "sent"]  # noqa: SLF001 (Django's public way to a model's fields)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        job = self.get_object(request, object_id)
        more = {"next_step": tracking.next_step(job.order, job)} if job else {}
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    @admin.display(description="last error", ordering="last_error")
    def error(self, job: Fulfilment) -> str:
        return listed(job.last_error)

    @admin.display(description="Printify charges us")
    def charged(self, job: Fulfilment) -> str:
        return format_money(job.upstream_cost, job.order.currency) if job.upstream_cost else "-"

    @admin.display(description="what was sent to Printify")
    def sent(self, job: Fulfilment) -> SafeString:
        return collapsed(job.request)

    @admin.action(description="Retry now", permissions=["change"])
    def retry(self, request: HttpRequest, rows: QuerySet[Fulfilment]) -> None:
        _report(request, "queued", [lifecycle.retry(row, who=_who(request)) for row in rows])

    @admin.action(description="Hold before production", permissions=["change"])
    def hold(self, request: HttpRequest, rows: QuerySet[Fulfilment]) -> None:
        _report(request, "held", [lifecycle.hold(row, HoldReason.STAFF, who=_who(request)) for row in rows])

    def has_release_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request) and request.user.has_perm(RELEASE_HOLD)

    @admin.action(description="Release what staff held", permissions=["release"])
    def release(self, request: HttpRequest, rows: QuerySet[Fulfilment]) -> None:
        """Not the other reasons: each of those is a decision about one order."""
        holds = Hold.objects.open().filter(fulfillment__in=rows, reason=HoldReason.STAFF)
        released = [
            f"{hold.fulfillment.external_id}: {attention.release(hold, who=_who(request))}"
            for hold in holds.select_related("fulfillment__order")
        ]
        messages.info(request, f"{len(rows)} selected. {' '.join(released) or 'None is held by staff.'}")


@admin.register(StockWatch)
class StockWatchAdmin(ReadOnlyAdmin[StockWatch]):
    """What is wanted and sold out; who asked has said yes by mail, or has not yet."""

    list_display = ("variant", "email", "state", "language", "asked_at", "told_at")
    list_filter = ("state", "variant__product")
    list_select_related = ("variant__product",)
    search_fields = ("email", "variant__product__upstream_title", "variant__title")
    date_hierarchy = "asked_at"


def _who(request: HttpRequest) -> str:
    return request.user.get_username()


def _report(request: HttpRequest, done: str, results: list[bool]) -> None:
    good = sum(results)
    messages.info(request, f"{good} {done}, {len(results) - good} left as they were (see each timeline).")


NOTE_MAX = 2000  # characters
RELEASE = ("orders.change_fulfilment", RELEASE_HOLD)


def _retry(order: Order, who: str) -> str:
    return attention.RETRY_QUEUED if lifecycle.retry(_job(order), who=who) else attention.NOT_RETRIED


def _hold(order: Order, who: str) -> str:
    return attention.hold(_job(order), who=who)


def _cancel(order: Order, who: str) -> str:
    return attention.cancel_for_shop(order, who=who)


def _job(order: Order) -> Fulfilment:
    return get_object_or_404(Fulfilment.objects.select_related("order"), order=order)


NEEDS = {
    "retry": ["orders.change_fulfilment"],
    "cancel": ["payments.refund_order"],
}
WAYS: dict[str, Callable[[Order, str], str]] = {
    "retry": _retry,
    "hold": _hold,
    "cancel": _cancel,
}


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin[Order]):
    list_display = ("number", "state", "printing", "email", "money", "placed_at")
    list_filter = ("state", "fulfilment__state", "placed_at", "live")
    search_fields = ("number", "email", "name", "lines__title")
    list_select_related = ("fulfilment",)
    date_hierarchy = "placed_at"
    fieldsets = (
        (None, {"fields": (("number", "state", "live"), ("placed_at", "paid_at"), "reprint_of")}),
        ("Buyer", {"fields": (("name", "email"), ("user", "language", "phone"))}),
        ("Address", {"fields": (("address1", "address2"), ("zip", "city", "region", "country"))}),
        ("Money, in minor units", {"fields": (("subtotal", "discount", "shipping", "tax", "total", "currency"),)}),
        ("Delivery", {"fields": (("shipping_method", "arrives_from", "arrives_until"), ("quote", "quote_expires_at"))}),
    )
    change_form_template = "admin/orders/order/change_form.html"

    @admin.display(description="printing", ordering="fulfilment__state")
    def printing(self, order: Order) -> str:
        fulfilment = getattr(order, "fulfilment", None)
        return fulfilment.get_state_display() if fulfilment else "-"

    @admin.display(description="total", ordering="total")
    def money(self, order: Order) -> str:
        return format_money(order.total, order.currency)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("arrivals/", wrap(self.arrivals), name="orders_arrivals"),
            path("<int:pk>/do/<slug:way>/", wrap(require_POST(self.act)), name="orders_order_do"),
            path("<int:pk>/holds/<int:hold>/release/", wrap(require_POST(self.release)), name="orders_order_release"),
            path("<int:pk>/note/", wrap(require_POST(self.note)), name="orders_order_note"),
            path("<int:pk>/mail/<int:mail>/", wrap(require_POST(self.resend)), name="orders_order_mail"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Beside Django's: what `_beside` finds of the order's printing, lines, events, mails, claims and reprints."""
        order = self.get_object(request, object_id)
        rights = {"ways": _ways(request), "may_release": request.user.has_perms(RELEASE)}
        more = _beside(order) | rights if order else {}
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    def act(self, request: HttpRequest, pk: int, way: str) -> HttpResponse:
        order = self._mine(request, pk)
        if way not in _ways(request):
            raise PermissionDenied
        messages.info(request, WAYS[way](order, request.user.get_username()))
        return redirect("admin:orders_order_change", pk)

    def release(self, request: HttpRequest, pk: int, hold: int) -> HttpResponse:
        order = self._mine(request, pk)
        if not request.user.has_perms(RELEASE):
            raise PermissionDenied
        row = get_object_or_404(Hold.objects.select_related("fulfillment"), pk=hold, fulfillment__order=order)
        messages.info(request, attention.release(row, who=request.user.get_username()))
        return redirect("admin:orders_order_change", pk)

    def note(self, request: HttpRequest, pk: int) -> HttpResponse:
        words = storable_text(request.POST.get("words", "").strip(), NOTE_MAX)
        if words:
            lifecycle.note(self._mine(request, pk), who=request.user.get_username(), what="note", why=words)
        return redirect("admin:orders_order_change", pk)

    def resend(self, request: HttpRequest, pk: int, mail: int) -> HttpResponse:
        order = self._mine(request, pk)
        try:
            outbox.resend(get_object_or_404(OutgoingEmail, pk=mail, reference=order.number))
        except outbox.CannotResend as why:
            messages.error(request, str(why))
        else:
            messages.info(request, "It is sent once more.")
        return redirect("admin:orders_order_change", pk)

    def arrivals(self, request: HttpRequest) -> HttpResponse:
        """How promises of arrival were kept, by print provider and country."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = self.admin_site.each_context(request) | {
            "records": delivery_records.records(),
            "enough": PARCELS_MIN,
            "title": "Arrival times",
        }
        return render(request, "admin/orders/arrivals.html", context)

    def _mine(self, request: HttpRequest, pk: int) -> Order:
        if not request.user.has_perm("orders.change_order"):
            raise PermissionDenied
        return get_object_or_404(Order, pk=pk)


def _ways(request: HttpRequest) -> list[str]:
    """What this person may do with an order."""
    held = ["orders.change_order"]
    return [way for way in WAYS if request.user.has_perms([*held, *NEEDS.get(way, ())])]


def _beside(order: Order) -> dict[str, Any]:
    job = Fulfilment.objects.filter(order=order).prefetch_related("shipments__lines__line", "earlier", "holds").first()
    return {
        "job": job,
        "next_step": tracking.next_step(order, job),
        "lines": order.lines.all(),
        "events": order.events.order_by("-at", "-pk"),
        "mails": OutgoingEmail.objects.filter(reference=order.number).order_by("pk").defer("html", "text", "context"),
        "claims": order.claims.all(),
        "reprints": order.reprints.all(),
        "payments": reverse("admin:payments_money", args=[order.pk]),
    }


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
