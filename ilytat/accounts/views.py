"""The buyer's account: their orders first. Nothing in the shop needs an account."""

import uuid
from typing import TYPE_CHECKING, Any

from allauth.account.decorators import reauthentication_required
from allauth.account.views import SignupView
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.core.signing import BadSignature
from django.db import transaction
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from ilytat.accounts import emails, sign_in
from ilytat.accounts import privacy as wishes
from ilytat.accounts.forms import AddressForm, DetailsForm, EmailForm, EraseForm
from ilytat.accounts.models import Address, User
from ilytat.integrations import limits, privacy
from notifications import consent, outbox
from notifications.models import OutgoingEmail
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
    if not access.knows_email(request, order):  # a forwarded link makes nobody's account
        return redirect("order_prove", token)
    view: HttpResponse = Join.as_view(email=order.email)(request)
    return view


MOST = 20


@never_cache
@login_required
def addresses(request: "SignedIn") -> HttpResponse:
    saved = list(request.user.addresses.all())
    return render(request, "account/addresses.html", {"addresses": saved, "full": len(saved) >= MOST})


@never_cache
@login_required
def address(request: "SignedIn", pk: int | None = None) -> HttpResponse:
    """A new one without `pk`; somebody else's is not there."""
    kept = get_object_or_404(request.user.addresses, pk=pk) if pk else Address(user=request.user)
    form = AddressForm(request.POST or None, initial=model_to_dict(kept))
    full = pk is None and request.user.addresses.count() >= MOST
    if request.method == "POST" and not full and form.is_valid():
        form.keep(kept)
        messages.success(request, _("The address is saved."))
        return redirect("account_addresses")
    if full:
        return redirect("account_addresses")
    return render(request, "account/address.html", {"form": form, "address": kept})


@require_POST
@login_required
def address_remove(request: "SignedIn", pk: int) -> HttpResponse:
    """Twice is as good as once."""
    request.user.addresses.filter(pk=pk).delete()
    messages.success(request, _("The address is removed. Orders keep their own copy."))
    return redirect("account_addresses")


class Sessions(ListUserSessionsView):  # type: ignore[misc]  # allauth ships no types
    """allauth's list, and its "sign out everywhere else"; each place is called by a name."""

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        context: dict[str, object] = super().get_context_data(**kwargs)
        places = context["sessions"]
        assert isinstance(places, list)  # noqa: S101 (allauth's own; this tells the type checker)
        for place in places:
            place.name = sign_in.browser_name(place.user_agent)
        return context


@require_POST
@login_required
def end(request: "SignedIn", pk: int) -> HttpResponse:
    """Twice is as good as once; somebody else's is not there."""
    place = UserSession.objects.filter(user=request.user, pk=pk).first()
    if place and not place.is_current():
        place.end()
    messages.success(request, _("That browser is signed out."))
    return redirect("usersessions_list")


@never_cache
@limits.ratelimit("5/minute")
def ask(request: HttpRequest) -> HttpResponse:
    """The same answer after the same work, whoever asks: nobody learns here who bought. The queue finds out."""
    if request.user.is_authenticated:
        return redirect("account_privacy")
    form = EmailForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        _mail_link(email)
        return render(request, "account/privacy_sent.html", {"email": email})
    return render(request, "account/privacy_ask.html", {"form": form})


def _mail_link(email: str) -> None:
    """Queued for whoever asks; `write_link` finds out whether there is anything to show."""
    if not emails.too_many(email, wishes.LINK_KIND):
        key, language = f"{wishes.LINK_KIND}:{uuid.uuid4().hex}", get_language() or "en"
        context = {"email": email, "url": "", "other_url": ""}
        outbox.queue(wishes.LINK_KIND, dedupe_key=key, to=email, language=language, context=context)


def write_link(mail: OutgoingEmail) -> outbox.Changes | None:
    if not wishes.knows(mail.to):
        return None
    name = mail.dedupe_key.partition(":")[2]
    url = settings.SITE_URL + reverse("privacy_link", args=[wishes.link_token(name)])
    return {"context": {"email": mail.to, "url": url, "other_url": ""}}


@never_cache
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The link in the mail. It shows and does nothing by itself: mail programs open links on their own."""
    try:
        email = wishes.email_of(token)
    except BadSignature:
        return render(request, "account/privacy_stale.html", status=410)
    return _choices(request, email)


@never_cache
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth ships no types
def mine(request: "SignedIn") -> HttpResponse:
    """An account proves the addresses that its owner has confirmed, not one that was merely written into it."""
    email = wishes.proven_address(request.user)
    return _choices(request, email) if email else redirect("account_email")


def _choices(request: HttpRequest, email: str) -> HttpResponse:
    """`email` is proven to be the asker's."""
    action = request.POST.get("action")
    form = EraseForm(request.POST if action == "erase" else None)
    if action == "export":
        return _download(email)
    if action == "erase" and form.is_valid():
        return _erased(request, email)
    context = {"form": form, "email": email, "reason": privacy.unsettled(email)}
    return render(request, "account/privacy.html", context, status=422 if form.errors else 200)


def _download(email: str) -> HttpResponse:
    """JSON, as people and machines read it; amounts in minor units."""
    answer = JsonResponse(privacy.export(email), json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return answer


def _erased(request: HttpRequest, email: str) -> HttpResponse:
    wish = wishes.ask(email)
    if wish.state == "done":
        logout(request)
        messages.success(request, _("What we kept of you is deleted. The books keep amounts without a name."))
        return redirect("home")
    return render(request, "account/privacy_waiting.html", {"wish": wish})
