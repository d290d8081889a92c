"""The newsletter's pages: join, confirm, choose, leave. Each is a form that works without scripts.

Links in mails only show a page: mail programs open links by themselves, and that must neither confirm nor leave.
"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from ilytat.integrations import limits
from notifications import consent, waits
from notifications.forms import ChoicesForm, JoinForm
from notifications.models import Subscriber


@never_cache
@limits.ratelimit("5/minute")
def join(request: HttpRequest) -> HttpResponse:
    """One answer for every address, known or not."""
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email, language = form.cleaned_data["email"], get_language() or "en"
        consent.ask(email, language=language, where="newsletter form", wording=wording())
        return render(request, "notifications/asked.html", {"email": email})
    return render(request, "notifications/join.html", {"form": form}, status=422 if form.errors else 200)


def wording() -> str:
    """What stands beside the field where the address is typed."""
    return _("New designs by e-mail, a few times a month at most. You confirm by a link, and leave by one click.")


@never_cache
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    asked = consent.asked(token)
    if asked is None:
        return _stale(request)
    reader, topics = asked
    if request.method == "POST":
        consent.confirm(reader, topics, language=get_language() or "en")
        return redirect("newsletter_choices", token=consent.token(reader))
    return render(request, "notifications/confirm.html", {"email": reader.email})


@never_cache
def choices(request: HttpRequest, token: str) -> HttpResponse:
    reader = consent.reader_of(token)
    if reader is None or reader.confirmed_at is None:
        return _stale(request)
    if "stop" in request.POST:
        return _stop_waiting(request, reader)
    form = ChoicesForm(reader, request.POST or None)
    if request.method == "POST" and form.is_valid():
        consent.choose(reader, form.topics, where=_source(request) or "preferences page")
        Subscriber.objects.filter(pk=reader.pk).update(language=form.cleaned_data["language"])
        reader.refresh_from_db()
    saved = request.method == "POST" and form.is_valid()
    context = {"form": form, "reader": reader, "saved": saved, "waits": waits.of(reader.email)}
    return render(request, "notifications/choices.html", context)


def _stop_waiting(request: HttpRequest, reader: Subscriber) -> HttpResponse:
    if waits.stop(reader.email, request.POST["stop"]):
        messages.success(request, _("You no longer wait for it: no mail will come about it."))
    return redirect("newsletter_choices", token=consent.token(reader))


@never_cache
@csrf_exempt  # RFC 8058: the mail program posts it, and the signed token is all the proof there is
def leave(request: HttpRequest, token: str) -> HttpResponse:
    reader = consent.reader_of(token)
    if reader is None:
        return _stale(request)
    if request.method == "POST":
        consent.leave(reader, where=_source(request) or "unsubscribe link")
        return render(request, "notifications/left.html", {"choices": consent.token(reader)})
    return render(request, "notifications/leave.html", {"email": reader.email})


def _source(request: HttpRequest) -> str:
    """The campaign whose mail led here, for its count."""
    given = request.GET.get("campaign", "")
    return f"campaign {given}" if given.isascii() and given.isdigit() else ""


def _stale(request: HttpRequest) -> HttpResponse:
    return render(request, "notifications/stale.html", status=410)
