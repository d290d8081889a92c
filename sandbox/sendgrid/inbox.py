"""Everybody's inbox: each mail as a phone shows it, as text, and what a receiver may do with it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from sandbox import control, settings, store
from sandbox.sendgrid import events, send
from sandbox.sendgrid.kinds import MAIL
from sandbox.sendgrid.refusal import RefusedError
from sandbox.store import Document

SHOWN = ("id", "message_id", "to", "from", "subject", "text", "html", "categories", "custom_args", "headers", "at")
BUTTONS = (
    ("delivered", "Delivered"),
    ("bounce", "Bounce"),
    ("spamreport", "Report as spam"),
    ("unsubscribe", "Unsubscribe"),
)
# A mail has inline styles by nature, but no scripts, forms or origin here. Pictures that are not the shop's stay blank,
# which shows that a mail would call a stranger.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline';"
    f" img-src {settings.SHOP_URL} {settings.SANDBOX_URL} data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'"
)


def _mail(name: str) -> Document:
    mail = store.read(MAIL, name)
    if mail is None:
        raise Http404
    return mail


def _told(mail: Document) -> Document:
    """For templates: with the time as a date and without the keys a template cannot say."""
    return {**mail, "time": datetime.fromtimestamp(mail["at"], tz=UTC), "sender": mail["from"]}


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    wanted = request.GET.get("q", "").strip()
    mails = [_told(mail) for mail in store.listing(MAIL) if _matches(mail, wanted)]
    return render(request, "sandbox/inbox.html", {"mails": mails[:200], "wanted": wanted})


def _matches(mail: Document, wanted: str) -> bool:
    return wanted.casefold() in f"{mail['to']} {mail['subject']} {' '.join(mail['categories'])}".casefold()


@require_GET
def one(request: HttpRequest, name: str) -> HttpResponse:
    context = {"mail": _told(_mail(name)), "buttons": BUTTONS}
    return render(request, "sandbox/mail.html", context)


@require_GET
def html(_request: HttpRequest, name: str) -> HttpResponse:
    """The mail's own HTML, boxed in by its policy; it is shown in a frame."""
    mail = _mail(name)
    response = HttpResponse(mail["html"] or "<p>This mail has no HTML part.</p>")
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@require_GET
def as_json(_request: HttpRequest) -> HttpResponse:
    """Newest first."""
    return JsonResponse([{key: mail[key] for key in SHOWN} for mail in store.listing(MAIL)], safe=False)


@csrf_exempt
@require_POST
def event(request: HttpRequest, name: str, step: str) -> HttpResponse:
    """POST /control/sendgrid/mails/<id>/<event>."""
    if step not in events.DETAILS:
        return JsonResponse({"error": f"no such event; there are {', '.join(events.DETAILS)}"}, status=404)
    happened = events.happen(_mail(name), step)
    if control.wants_page(request):
        return HttpResponseRedirect(f"/inbox/{name}/", status=303)
    return JsonResponse(happened)


def _authorised(view: Callable[[], dict[str, Any]]) -> Callable[[HttpRequest], HttpResponse]:
    def wrapped(request: HttpRequest) -> HttpResponse:
        try:
            send.authorise(request)
        except RefusedError as error:
            return JsonResponse(error.body(), status=error.status)
        return JsonResponse(view())

    return wrapped


@_authorised
def signed_settings() -> dict[str, Any]:
    return {"public_key": events.public_key()}


@_authorised
def scopes() -> dict[str, Any]:
    """What a health check reads to see that its key is good."""
    return {"scopes": ["mail.send", "user.webhooks.event.settings.read"]}


def _summary(mail: Document) -> Document:
    return {key: mail[key] for key in ("id", "to", "subject", "categories", "message_id", "events")}


def _state() -> dict[str, Any]:
    return {"mails": [_summary(mail) for mail in store.listing(MAIL)]}


def _context() -> dict[str, Any]:
    mails = store.listing(MAIL)
    return {"newest_mails": [_told(mail) for mail in mails[:8]], "mail_count": len(mails)}


SECTION = control.Section(template="sandbox/inbox_control.html", context=_context, state=_state)
