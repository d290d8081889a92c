"""Mails as pages for staff. A mail needs inline styles, which the shop's policy forbids, so each is served alone, in
a sandbox: no script, no form, no frame, and the origin of nobody.
"""

from django.conf import settings
from django.http import Http404, HttpResponse
from django.utils.html import escape

from notifications import rendering
from notifications.mails import KINDS
from notifications.models import OutgoingEmail
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
        words = f"Cannot be written: {type(error).__name__}: {error}"
        return f"<p>{escape(words)}</p>", words
    return rendered.html, rendered.text


def of_kind(kind: str) -> HttpResponse:
    """A sample, in today's brand."""
    if kind not in KINDS:
        raise Http404
    return _sandboxed(rendering.render(kind, "en", sample(kind)).html)


def _sandboxed(html: str) -> HttpResponse:
    response = HttpResponse(html)
    response["Content-Security-Policy"] = POLICY
    return response


def _plain(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
