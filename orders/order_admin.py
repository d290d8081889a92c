"""An order as staff see it: timeline, printing, mails, claims and notes on one page, with the buttons beside them."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from catalog.delivery_estimates import PARCELS_MIN
from ilytat.display.money import format_money
from ilytat.integrations.readonly import ReadOnlyAdmin
from ilytat.integrations.storable import storable_text
from notifications import outbox
from notifications.models import OutgoingEmail
from orders import attention, delivery_records, lifecycle, next_step
from orders.models import Fulfilment, Hold, Order
from orders.permissions import RELEASE_HOLD

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
            outbox.again(get_object_or_404(OutgoingEmail, pk=mail, reference=order.number))
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
        "next_step": next_step.sentence(order, job),
        "lines": order.lines.all(),
        "events": order.events.order_by("-at", "-pk"),
        "mails": OutgoingEmail.objects.filter(reference=order.number).order_by("pk").defer("html", "text", "context"),
        "claims": order.claims.all(),
        "reprints": order.reprints.all(),
        "payments": reverse("admin:payments_money", args=[order.pk]),
    }
