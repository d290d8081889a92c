"""The hand-over of one mail to whatever EMAIL_BACKEND is, and what each of its failures means.

SendGrid speaks through Anymail (HTTP statuses), anything else through smtplib (SMTP codes). Both come out as the
kit's errors, or as Misconfigured when it is us who are refused and every other mail would be too.
"""

import logging
import smtplib
from collections.abc import Mapping
from typing import NoReturn

import requests
from anymail.backends import sendgrid
from anymail.exceptions import AnymailAPIError, AnymailConfigurationError, AnymailError
from anymail.message import AnymailMessage
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives

from ilytat.integrations import deadlines, failure_texts, usage
from ilytat.integrations.client import SERVER_ERROR, TOO_MANY, retry_after_seconds
from ilytat.integrations.errors import IntegrationError, OutcomeUnknown, Refused, Unavailable
from notifications import consent, rendering
from notifications.email_types import TEST
from notifications.models import OutgoingEmail
from notifications.rendering import Rendered

# A key that is missing, wrong or without the scope; an account without credit; an address that is no API.
# 3xx: we follow no redirect, because the key would travel with us.
OURS = frozenset({301, 302, 303, 307, 308, 401, 402, 403, 404, 405})
SMTP_PERMANENT = 500

MAIL_SERVER = "The mail server"

log = logging.getLogger(__name__)
_count = usage.recorder("sendgrid")


class Misconfigured(Exception):
    """The provider refuses this installation, whatever the mail: certainly not sent."""


def send_message(job: OutgoingEmail, mail: Rendered, message_id: str) -> str:
    """Send, once. Returns the provider's id for it, "" when there is none.

    Raises Misconfigured, Refused (this mail cannot be sent), Unavailable or OutcomeUnknown.
    """
    message = build_message(job, mail, message_id)
    try:
        message.send()
    except AnymailError as error:
        _anymail(error)
    except (smtplib.SMTPException, OSError) as error:
        _smtp(error)
    except ImproperlyConfigured as error:
        raise _wrong_settings(error) from error
    except ValueError as error:  # a line break in a header, an address that is none
        raise _invalid(error) from error
    status = getattr(message, "anymail_status", None)
    if getattr(status, "esp_response", None) is not None:
        _count(202)
    return str(getattr(status, "message_id", None) or "")


def build_message(job: OutgoingEmail, mail: Rendered, message_id: str) -> EmailMultiAlternatives:
    """The message itself. Nothing in it is tracked: no pixel, no rewritten link."""
    message: EmailMultiAlternatives = AnymailMessage(
        subject=mail.subject,
        body=mail.text,
        from_email=settings.EMAIL_MARKETING_FROM if _marketing(job) else settings.EMAIL_FROM,
        to=[job.to],
        reply_to=[settings.EMAIL_REPLY_TO] if settings.EMAIL_REPLY_TO else [],
        headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated"} | _leaving(job),
        tags=_categories(job),
        metadata=_metadata(job),
        track_opens=False,
        track_clicks=False,
        esp_extra=_pool(job),
    )
    message.attach_alternative(mail.html, "text/html")
    return message


def _marketing(job: OutgoingEmail) -> bool:
    return job.stream == "marketing"


def unsubscribe_links(job: OutgoingEmail) -> Mapping[str, str]:
    """The links by which a reader of marketing leaves or chooses; they tell us which campaign it was."""
    if job.kind == TEST:
        return rendering.nowhere()
    source = f"?campaign={job.campaign_id}" if job.campaign_id else ""
    links = consent.links(job.to) if _marketing(job) else {}
    return {name: url + source for name, url in links.items()}


def _leaving(job: OutgoingEmail) -> dict[str, str]:
    """RFC 8058: mail programs show a button that leaves by one POST."""
    url = "" if job.kind == TEST else unsubscribe_links(job).get("leave_url")
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if url else {}


def _categories(job: OutgoingEmail) -> list[str]:
    campaign = [f"campaign-{job.campaign_id}"] if job.campaign_id else []
    return [job.kind, "marketing", *campaign] if _marketing(job) else [job.kind]


def _pool(job: OutgoingEmail) -> dict[str, str]:
    """Marketing from addresses of its own: a complaint about a campaign must not slow an order's mail."""
    pool = settings.SENDGRID_MARKETING_POOL
    return {"ip_pool_name": pool} if pool and _marketing(job) else {}


def _metadata(job: OutgoingEmail) -> Mapping[str, str]:
    """What comes back in the provider's events: SendGrid calls these custom_args."""
    return {"dedupe_key": job.dedupe_key, "reference": job.reference}


def _anymail(error: AnymailError) -> NoReturn:
    if isinstance(error, AnymailConfigurationError):
        raise _wrong_settings(error) from error
    if not isinstance(error, AnymailAPIError):  # an address or a part that cannot be serialised
        raise _invalid(error) from error
    status = int(error.status_code or 0)
    _count(status)
    log.warning("email not accepted", extra={"status": status, "answer": str(error)})
    if status in OURS:
        raise Misconfigured(failure_texts.answered("SendGrid", status, _said(error))) from error
    raise _status_error(error, status) from error


def _status_error(error: AnymailAPIError, status: int) -> IntegrationError:
    if status == 0:
        # Refused before anything was sent, or cut while waiting for the answer.
        kind = Unavailable if isinstance(error, requests.ConnectTimeout) else OutcomeUnknown
        return kind(failure_texts.no_answer("SendGrid", error))
    detail = failure_texts.answered("SendGrid", status, _said(error))
    if status == TOO_MANY:
        wait = retry_after_seconds(error.response.headers.get("Retry-After"))
        return Unavailable(detail, status=status, retry_after=wait)
    if status >= SERVER_ERROR:
        return OutcomeUnknown(detail, status=status)
    return Refused(detail, status=status)


def _said(error: AnymailAPIError) -> str:
    """The provider's own words, from SendGrid's {"errors": [{"message", "field"}]}; "" for another body."""
    try:
        errors = error.response.json()["errors"]
        return "; ".join(f"{one['message']} ({one['field']})" if one.get("field") else one["message"] for one in errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def _smtp(error: smtplib.SMTPException | OSError) -> NoReturn:
    log.warning("email not accepted", extra={"answer": repr(error)})
    if isinstance(error, smtplib.SMTPNotSupportedError):
        raise _wrong_settings(error) from error
    code, reply = _smtp_reply(error)
    said = failure_texts.says(MAIL_SERVER, reply)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        raise Misconfigured(f"{MAIL_SERVER} did not accept the user name and password ({code}). {said}") from error
    if code >= SMTP_PERMANENT:
        raise Refused(f"{MAIL_SERVER} refused the email ({code}). {said}", status=code) from error
    if code:
        raise Unavailable(f"{MAIL_SERVER} refused the email for now ({code}). {said}", status=code) from error
    kind = Unavailable if isinstance(error, ConnectionRefusedError | smtplib.SMTPConnectError) else OutcomeUnknown
    raise kind(failure_texts.no_answer(MAIL_SERVER, error)) from error


def _smtp_reply(error: smtplib.SMTPException | OSError) -> tuple[int, str]:
    """The reply's code and text, 0 when there was no reply. One recipient a mail, so one refusal at most."""
    code: int = 0
    text: bytes | str = ""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = max(error.recipients.values(), default=(code, text))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, text = error.smtp_code, error.smtp_error
    return code, text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def _wrong_settings(error: Exception) -> Misconfigured:
    log.error("email settings do not work", exc_info=error)
    return Misconfigured("The settings for sending email are incomplete or do not fit the mail server.")


def _invalid(error: Exception) -> Refused:
    log.warning("email not valid", exc_info=error)
    return Refused("The email is not valid: check its address, its subject and the sender's address.")


TOTAL = 30.0  # seconds


class EmailBackend(sendgrid.EmailBackend):  # type: ignore[misc]  # Anymail carries no types
    def create_session(self) -> requests.Session:
        usual, ours = super().create_session(), deadlines.session(TOTAL)
        ours.headers, ours.hooks = usual.headers, usual.hooks
        return ours
