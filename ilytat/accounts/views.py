"""The buyer's account: their orders first. Nothing in the shop needs an account."""

from typing import TYPE_CHECKING, Any

from allauth.account.views import SignupView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from ilytat.accounts.forms import DetailsForm
from ilytat.accounts.models import User
from notifications import consent
from orders import access

if TYPE_CHECKING:

    class SignedIn(HttpRequest):
        user: User


PAGE = 10


@never_cache
@login_required
def home(request: "SignedIn") -> HttpResponse:
    """The orders come by the reverse relation: accounts know nothing of what an order is."""
    orders = request.user.orders.select_related("fulfilment").prefetch_related("lines")
    page = Paginator(orders, PAGE).get_page(request.GET.get("page"))
    return render(request, "account/home.html", {"page": page})


@never_cache
@login_required
def details(request: "SignedIn") -> HttpResponse:
    form = DetailsForm(request.POST or None, instance=request.user)
    if request.method != "POST" or not form.is_valid():
        return render(request, "account/details.html", {"form": form})
    with override(form.save().language):
        messages.success(request, _("Saved."))
    answer = redirect("account_details")
    answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, request.user.language, max_age=settings.SESSION_COOKIE_AGE)
    return answer


@require_POST
@login_required
def mail_choices(request: "SignedIn") -> HttpResponse:
    """To the page of choices. Who is signed in has confirmed the address; nothing is ticked that was not before."""
    reader = consent.of(request.user.email)
    if reader is None or reader.confirmed_at is None:
        language = request.user.language or get_language() or "en"
        reader = consent.agree(request.user.email, (), language=language, where="account", wording="")
    return redirect("newsletter_choices", consent.token(reader))


class Join(SignupView):  # type: ignore[misc]  # allauth ships no types
    """Sign-up with one field: the address is the order's, and its owner has to confirm it as always."""

    email = ""
    template_name = "account/join.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_form_kwargs()
        return kwargs | {"data": {"email": self.email, "password1": self.request.POST.get("password1", "")}}


@require_POST
@transaction.atomic
def join(request: HttpRequest, token: str) -> HttpResponse:
    """The offer after a purchase. The answer is sign-up's own: it tells nobody whether the address has an account."""
    orders = User._meta.get_field("orders").related_model  # noqa: SLF001 (Django's documented name)
    order: Any = get_object_or_404(orders, token=token)
    if not access.is_proven(request, order):  # a forwarded link makes nobody's account
        return redirect("order_prove", token)
    view: HttpResponse = Join.as_view(email=order.email)(request)
    return view
