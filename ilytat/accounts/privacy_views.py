"""Download my data, delete my data: for accounts after the password is asked for, for guests by a mailed link."""

import uuid
from typing import TYPE_CHECKING

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from ilytat.accounts import mails
from ilytat.accounts import privacy as wishes
from ilytat.accounts.forms import EmailForm, EraseForm
from ilytat.integrations import privacy, throttle
from notifications import outbox
from notifications.models import OutgoingEmail

if TYPE_CHECKING:
    from ilytat.accounts.views import SignedIn


@never_cache
@throttle.ratelimit("5/minute")
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
    if not mails.too_many(email, wishes.LINK_KIND):
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
