"""It has come, something is wrong with it, or a withdrawal by law. Under the order's link, for its proven buyer."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from limits import parse

from ilytat.integrations import rate_counters
from orders import claims, photos, unreported_delivery
from orders.change_views import of_order
from orders.claim_forms import ClaimForm
from orders.models import Fulfilment, Order
from orders.models.claim import ClaimKind
from orders.photos import BadPhoto, Photo

CLAIMS = parse("10/hour")


@of_order
def arrived(request: HttpRequest, order: Order) -> HttpResponse:
    """`order`: has it come? One press says yes; the other way on leads to a claim."""
    job = _fulfilment(order)
    if job is None or job.state not in unreported_delivery.MAY_HAVE_COME:
        messages.info(request, _("Thank you: this is how your order stands."))
        return redirect(order)
    if request.method != "POST":
        return render(request, "orders/arrived.html", {"order": order})
    unreported_delivery.arrived(order, who="buyer")
    messages.success(request, _("Thank you for telling us. Enjoy it!"))
    return redirect(order)


@of_order
def problem(request: HttpRequest, order: Order) -> HttpResponse:
    """`order`, `form` (ClaimForm), `photos_max`."""
    if not claims.claimable(order, _fulfilment(order)):
        messages.error(request, _("Please write to us about this order: it cannot be claimed here."))
        return redirect(order)
    if request.method != "POST":
        return _page(request, order, ClaimForm(order, initial={"key": uuid.uuid4()}))
    form = ClaimForm(order, request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, order, form, status=422)
    if not rate_counters.hit(CLAIMS, "claims", order.token):
        return _page(request, order, form, status=429)
    try:
        drawn = _photos(request, form.cleaned_data["kind"])
    except BadPhoto as why:
        form.add_error("photos", str(why))
        return _page(request, order, form, status=422)
    given: dict[str, Any] = form.cleaned_data
    given.pop("photos")
    claims.receive(order, photos=drawn, **given)
    messages.success(request, _("Thank you, we have it. We answer within two working days, by e-mail."))
    return redirect(order)


def _photos(request: HttpRequest, kind: ClaimKind) -> list[Photo]:
    files = request.FILES.getlist("photos")
    if len(files) > photos.MOST:
        raise BadPhoto(_("Up to %(n)s photos, please.") % {"n": photos.MOST})
    if not files and kind in claims.NEEDS_PHOTO:
        raise BadPhoto(_("Please add a photo of it."))
    return [photos.redrawn(file) for file in files]


def _page(request: HttpRequest, order: Order, form: ClaimForm, status: int = 200) -> HttpResponse:
    context = {"order": order, "form": form, "photos_max": photos.MOST}
    return render(request, "orders/problem.html", context, status=status)


def _fulfilment(order: Order) -> Fulfilment | None:
    return Fulfilment.objects.filter(order=order).prefetch_related("shipments").first()


@of_order
def withdraw(request: HttpRequest, order: Order, line_id: int) -> HttpResponse:
    """`order`, `line`, `key`: one page that asks, one press that declares it, and a receipt by mail."""
    line = order.lines.filter(pk=line_id).first()
    if line is None:
        raise Http404
    if line not in claims.withdrawable(order, _fulfilment(order)):
        messages.info(request, _("You cannot withdraw from this here, or have done so already."))
        return redirect(order)
    if request.method != "POST":
        return render(request, "orders/withdraw.html", {"order": order, "line": line})
    words = _("I withdraw from my contract for %(quantity)s × %(what)s.") % {
        "quantity": line.quantity,
        "what": f"{line.title} ({line.label})",
    }
    # One withdrawal a line, however often it is pressed: the key is made of the line.
    key = uuid.uuid5(order.checkout_key, f"withdrawal {line.pk}")
    claims.receive(order, key=key, kind=ClaimKind.WITHDRAWAL, lines=[line], words=words, photos=[])
    messages.success(request, _("Your withdrawal is declared. The receipt is on its way to you by e-mail."))
    return redirect(order)
