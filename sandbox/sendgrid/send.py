"""POST /v3/mail/send: one stored mail for each personalization, 202 and an X-Message-Id."""

import json
import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from sandbox import clock, faults, settings, store
from sandbox.sendgrid import shape
from sandbox.sendgrid.kinds import MAIL
from sandbox.sendgrid.refusal import RefusedError
from sandbox.store import Document

LARGEST = 30 * 1024 * 1024


def authorise(request: HttpRequest) -> None:
    """Raises RefusedError 401."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    accepted = settings.EMAIL_API_KEY
    if scheme.lower() != "bearer" or not key or (accepted and not secrets.compare_digest(key, accepted)):
        raise RefusedError("The provided authorization grant is invalid, expired, or revoked", status=401)


@csrf_exempt
@faults.route("sendgrid.send")
def send(request: HttpRequest) -> HttpResponseBase:
    try:
        authorise(request)
        message = shape.check(_message(request))
    except RefusedError as error:
        return JsonResponse(error.body(), status=error.status)
    if message.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
        return HttpResponse(status=200)
    message_id = secrets.token_urlsafe(16)
    with store.change():
        for index, person in enumerate(message["personalizations"]):
            _keep(message, person, f"{message_id}.{index}" if index else message_id, message_id)
    response = HttpResponse(status=202)
    response.headers["X-Message-Id"] = message_id
    del response.headers["Content-Type"]
    return response


def _message(request: HttpRequest) -> Any:
    if request.method != "POST":
        raise RefusedError("method not allowed", status=405)
    if len(request.body) > LARGEST:
        raise RefusedError("The message is too large.", status=413)
    try:
        return json.loads(request.body)
    except ValueError:
        raise RefusedError("Bad Request") from None


def _keep(message: dict[str, Any], person: dict[str, Any], name: str, message_id: str) -> None:
    parts = {part["type"]: part["value"] for part in message.get("content", [])}
    store.write(
        MAIL,
        name,
        {
            "id": name,
            "message_id": message_id,
            "at": clock.now(),
            "to": ", ".join(one["email"] for one in person["to"]),
            "cc": [one["email"] for one in person.get("cc", [])],
            "bcc": [one["email"] for one in person.get("bcc", [])],
            "from": _spelled(message["from"]),
            "reply_to": ", ".join(_spelled(one) for one in _replies(message)),
            "subject": _filled(person.get("subject") or message.get("subject", ""), person),
            "text": _filled(parts.get("text/plain", ""), person),
            "html": _filled(parts.get("text/html", ""), person),
            "categories": message.get("categories", []),
            "custom_args": {**message.get("custom_args", {}), **person.get("custom_args", {})},
            "headers": {**message.get("headers", {}), **person.get("headers", {})},
            "attachments": [_attached(one) for one in message.get("attachments", [])],
            "events": [],
        },
    )


def _replies(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [message["reply_to"]] if "reply_to" in message else list(message.get("reply_to_list", []))


def _spelled(person: Document) -> str:
    return f"{person['name']} <{person['email']}>" if person.get("name") else str(person["email"])


def _filled(text: str, person: dict[str, Any]) -> str:
    """Substitutions are replaced as they stand, tags included."""
    for tag, value in person.get("substitutions", {}).items():
        text = text.replace(tag, str(value))
    return text


def _attached(one: Document) -> Document:
    return {key: one.get(key) for key in ("filename", "type", "disposition", "content_id")}
