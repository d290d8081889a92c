"""Mails as pages for staff. A mail needs inline styles, which the shop's policy forbids, so each is served alone, in
a sandbox: no script, no form, no frame, and the origin of nobody.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.forms.utils import ErrorDict
from django.http import Http404, HttpResponse
from django.utils.html import escape

from ilytat.integrations import failure_texts
from notifications import rendering
from notifications.mail_types import BUYER, KINDS
from notifications.models import Brand, OutgoingEmail
from notifications.samples import sample

POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    f"style-src 'unsafe-inline'; img-src 'self' {settings.SITE_URL} data:"
)


def of_mail(mail: OutgoingEmail, shape: str) -> HttpResponse:
    """What was sent, or what would be. Links that open an account are never shown, not even to staff."""
    if mail.kind in KINDS and KINDS[mail.kind].secret:
        return _plain("This mail carries a link that opens an account: it is not kept and not shown.")
    if not mail.text and not mail.context:
        return _plain("This mail's words were forgotten, as all are after 30 days.")
    stored = mail.state == "sent" and mail.text
    html, text = (mail.html, mail.text) if stored else _fresh(mail)
    return _sandboxed(html) if shape == "html" else _plain(text)


def _fresh(mail: OutgoingEmail) -> tuple[str, str]:
    try:
        rendered = rendering.render(mail.kind, mail.language, mail.context)
    except Exception as error:  # noqa: BLE001 (the reason it needs attention is what staff came to see)
        why = failure_texts.logged(error, "email not rendered", kind=mail.kind, row=mail.pk)
        words = f"The email cannot be written. {why}"
        return f"<p>{escape(words)}</p>", words
    return rendered.html, rendered.text


def of_kind(kind: str, language: str, order: str = "", *, brand: Brand | None = None) -> HttpResponse:
    """A sample in today's brand or in one that is not saved yet; with an order's number, what its mails really said."""
    if kind not in KINDS or language not in dict(settings.LANGUAGES):
        raise Http404
    return of_context(kind, language, sample(kind) | real(kind, order), brand=brand)


def of_context(kind: str, language: str, context: Mapping[str, Any], *, brand: Brand | None = None) -> HttpResponse:
    links = rendering.nowhere() if KINDS[kind].stream == "marketing" else rendering.NO_LINKS
    return _sandboxed(rendering.render(kind, language, context, links=links, brand=brand).html)


def of_errors(errors: ErrorDict) -> HttpResponse:
    """What has to be corrected before there is anything to see."""
    return _plain("\n".join(f"{field}: {' '.join(map(str, problems))}" for field, problems in errors.items()))


def real(kind: str, order: str) -> dict[str, Any]:
    """What this kind can take from the mails of that order: lines, sums, address, parcel; {} for none."""
    if not order or KINDS[kind].audience != "buyer":
        return {}
    mails = OutgoingEmail.objects.filter(reference=order, kind__in=[k.name for k in BUYER if not k.secret])
    values: dict[str, Any] = {}
    for mail in mails.order_by("created_at"):
        values |= mail.context
    # What has not happened to this order is shown as if all of it did.
    whole = dict.fromkeys(("total", "refund", "amount"), values["totals"]["total"]) if "totals" in values else {}
    supposed = {**whole, "partial": False, "still_to_come": [], "parcel_number": 1, "parcel_count": 1} if values else {}
    return {name: value for name, value in (supposed | values).items() if name in KINDS[kind].keys}


def _sandboxed(html: str) -> HttpResponse:
    response = HttpResponse(html)
    response["Content-Security-Policy"] = POLICY
    return response


def _plain(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
