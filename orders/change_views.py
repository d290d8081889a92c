"""What the buyer does with a placed order: show who they are, cancel, correct the address, swap. All under its link.

Each view's docstring names the context of its template. Every POST tells afterwards how things stand, whoever won.
"""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from limits import parse

from ilytat.integrations import limits
from ilytat.pages.money import format_money
from orders import access, addresses, changes, claims, delivery_followup, lifecycle, photos, refunding
from orders.forms import AddressForm, ClaimForm, CodeForm, EmailForm
from orders.lifecycle import ProductionStarted
from orders.models import Fulfilment, Order, OrderLine
from orders.models.claim import ClaimKind
from orders.photos import BadPhoto, Photo
from orders.refunding import NotRefundable
from orders.states import OrderState

P = ParamSpec("P")
OfOrder = Callable[Concatenate[HttpRequest, Order, P], HttpResponse]
OfToken = Callable[..., HttpResponse]  # Django calls it with the token by name


def of_order(view: OfOrder[P]) -> OfToken:
    """The order of the link, for whoever has shown that it is theirs; the others are asked first."""
    return _guarded(view, "order_prove")


def of_verified_order(view: OfOrder[P]) -> OfToken:
    """Like `of_order`, for what decides where the parcel goes; a visitor who is not verified is asked for a code."""
    return _guarded(view, "order_verify")


def _guarded(view: OfOrder[P], question: str) -> OfToken:
    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    def found(request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        order = get_object_or_404(Order, token=token)
        is_allowed = access.is_verified if question == "order_verify" else access.knows_email
        if not is_allowed(request, order):
            return redirect(reverse(question, args=[token]) + f"?next={request.path}")
        response = view(request, order, *args, **kwargs)
        response["X-Robots-Tag"] = "noindex"
        return response

    return found


@never_cache
@limits.ratelimit("10/minute")
def prove(request: HttpRequest, token: str) -> HttpResponse:
    """`order`, `email_form`, `code_form`, `sent` (the field for a code is shown), `none_sent`, `next`."""
    order = get_object_or_404(Order, token=token)
    way_on = _way_on(request, order)
    if access.knows_email(request, order):
        return redirect(way_on)
    if request.method == "POST" and request.POST.get("action") == "send":
        return _sent_code(request, order, way_on, "orders/prove.html")
    if request.method == "POST":
        return _proved(request, order, way_on)
    return render(request, "orders/prove.html", _proving(order, way_on))


@never_cache
@limits.ratelimit("10/minute")
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """`order`, `code_form`, `form` (with errors, or None), `sent` (a field for the code), `none_sent`, `next`."""
    order = get_object_or_404(Order, token=token)
    way_on = _way_on(request, order)
    if access.is_verified(request, order):
        return redirect(way_on)
    if request.method != "POST":
        return render(request, "orders/verify.html", _proving(order, way_on))
    if request.POST.get("action") == "send":
        return _sent_code(request, order, way_on, "orders/verify.html")
    return _proved_by_code(request, order, way_on, "orders/verify.html")


def _way_on(request: HttpRequest, order: Order) -> str:
    """Only ever to a page of this very order, or to the one where it is paid."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    if asked == reverse("checkout_again", args=[order.token]):
        return asked
    return asked if asked.startswith(order.get_absolute_url()) else order.get_absolute_url()


def _proving(
    order: Order, way_on: str, *, email: EmailForm | None = None, code: CodeForm | None = None, sent: bool = False
) -> dict[str, object]:
    """The form that was filled in is the one whose errors are told."""
    form = code if code is not None else email
    return {
        "order": order,
        "email_form": email if email is not None else EmailForm(),
        "code_form": code if code is not None else CodeForm(),
        "form": form,
        "sent": sent or code is not None,
        "next": way_on,
    }


def _sent_code(request: HttpRequest, order: Order, way_on: str, template: str) -> HttpResponse:
    """A code that was mailed earlier may still be entered when no other one is sent."""
    is_sent = access.send_code(request, order)
    given = _proving(order, way_on, sent=True) | {"none_sent": not is_sent}
    return render(request, template, given, status=200 if is_sent else 429)


def _proved(request: HttpRequest, order: Order, way_on: str) -> HttpResponse:
    if "code" in request.POST:
        return _proved_by_code(request, order, way_on, "orders/prove.html")
    email = EmailForm(request.POST)
    if email.is_valid() and access.prove_by_email(request, order, email.cleaned_data["email"]):
        return redirect(way_on)
    if not email.errors:
        email.add_error("email", _("This is not the address this order was placed with."))
    return render(request, "orders/prove.html", _proving(order, way_on, email=email), status=422)


def _proved_by_code(request: HttpRequest, order: Order, way_on: str, template: str) -> HttpResponse:
    code = CodeForm(request.POST)
    if code.is_valid() and access.prove_by_code(request, order, code.cleaned_data["code"]):
        return redirect(way_on)
    code.add_error("code", _("This code is not valid. Please check it, or let us send another."))
    return render(request, template, _proving(order, way_on, code=code), status=422)


@of_order
def cancel(request: HttpRequest, order: Order) -> HttpResponse:
    """`order`. A page that asks once more, then the act."""
    if not _open(order):
        return _too_late(request, order)
    if request.method != "POST":
        return render(request, "orders/cancel.html", {"order": order})
    try:
        back = changes.cancel(order)
    except ProductionStarted:
        return _too_late(request, order)
    except NotRefundable:
        messages.error(request, _("We can't cancel this order online. Please write to us, and we'll sort it out."))
        return redirect(order)
    amount = format_money(back, refunding.currency(order))
    words = _("Your order is canceled. %(amount)s is on its way back to you.") if back else _("Your order is canceled.")
    messages.success(request, words % {"amount": amount} if back else words)
    return redirect(order)


@of_verified_order
@limits.ratelimit("10/minute")
def address(request: HttpRequest, order: Order) -> HttpResponse:
    """`order`, `form` (AddressForm), `doubts` (sentences about the address), `notice` (why it cannot be)."""
    if not _open(order):
        return _too_late(request, order)
    if request.method != "POST":
        return _address_page(request, order, AddressForm(initial=lifecycle.address_of(order).as_columns()))
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _address_page(request, order, form, status=422)
    doubts = [] if "keep_address" in request.POST else addresses.doubts(form.address())
    return _address_page(request, order, form, doubts=doubts) if doubts else _readdressed(request, order, form)


def _readdressed(request: HttpRequest, order: Order, form: AddressForm) -> HttpResponse:
    try:
        changed = changes.correct_address(order, form.address())
    except ProductionStarted:
        return _too_late(request, order)
    except changes.NotPossible as why:
        return _address_page(request, order, form, notice=str(why), status=409)
    messages.success(request, _("Your order goes to the new address.") if changed else _("It goes there already."))
    return redirect(order)


def _address_page(
    request: HttpRequest,
    order: Order,
    form: AddressForm,
    *,
    doubts: Sequence[str] = (),
    notice: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {"order": order, "form": form, "doubts": doubts, "notice": notice}
    return render(request, "orders/address.html", context, status=status)


@of_order
def swap(request: HttpRequest, order: Order, line_id: int) -> HttpResponse:
    """`order`, `line`, `others` (Variants at the same price), `notice`."""
    line = get_object_or_404(order.lines.select_related("product", "order"), pk=line_id)
    if not _open(order):
        return _too_late(request, order)
    context = {"order": order, "line": line, "others": changes.alternatives(line), "notice": ""}
    if request.method != "POST":
        return render(request, "orders/swap.html", context)
    try:
        return _swapped(request, line)
    except ProductionStarted:
        return _too_late(request, order)
    except changes.NotPossible as why:
        return render(request, "orders/swap.html", context | {"notice": str(why)}, status=409)


def _swapped(request: HttpRequest, line: OrderLine) -> HttpResponse:
    asked = request.POST.get("variant", "")
    if line.product is None or not asked.isdecimal():
        raise changes.NotPossible(_("Please choose one of these."))
    variant = line.product.variants.filter(variant_id=int(asked[:16])).select_related("product").first()
    if variant is None:
        raise Http404
    done = changes.swap(line, variant)
    words = _("We make %(what)s instead.") if done else _("It is %(what)s already.")
    messages.success(request, words % {"what": variant})
    return redirect(line.order)


def _open(order: Order) -> bool:
    return changes.changeable(order, getattr(order, "fulfilment", None))


def _too_late(request: HttpRequest, order: Order) -> HttpResponse:
    """As it stands now, in words; the order's page tells the rest."""
    order.refresh_from_db()
    if order.state == OrderState.CANCELED:
        messages.info(request, _("This order is canceled already."))
    else:
        messages.error(request, _("Printing has begun, so this order can no longer be changed here."))
    return redirect(order)


CLAIMS = parse("10/hour")


@of_order
def arrived(request: HttpRequest, order: Order) -> HttpResponse:
    """`order`: has it come? One press says yes; the other way on leads to a claim."""
    job = _fulfilment(order)
    if job is None or job.state not in delivery_followup.MAY_HAVE_COME:
        messages.info(request, _("Thank you: this is how your order stands."))
        return redirect(order)
    if request.method != "POST":
        return render(request, "orders/arrived.html", {"order": order})
    delivery_followup.arrived(order, who="buyer")
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
    if not limits.hit(CLAIMS, "claims", order.token):
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
