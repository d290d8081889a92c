"""What /v3/mail/send takes, checked as strictly as SendGrid does: a message it would refuse is refused here."""

import re
from typing import Any

from sandbox.sendgrid.refusal import RefusedError

ADDRESS = re.compile(r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s.,;<>]+$")
MESSAGE = {
    "personalizations", "from", "reply_to", "reply_to_list", "subject", "content", "attachments", "template_id",
    "sections", "headers", "categories", "custom_args", "send_at", "batch_id", "asm", "ip_pool_name",
    "mail_settings", "tracking_settings",
}  # fmt: skip
PERSONALIZATION = {
    "to", "cc", "bcc", "from", "subject", "headers", "substitutions", "dynamic_template_data", "custom_args",
    "send_at",
}  # fmt: skip
# These are SendGrid's own to write.
RESERVED = {
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
}  # fmt: skip
MOST_PEOPLE, MOST_CATEGORIES, LONGEST_CATEGORY, MOST_CUSTOM = 1000, 10, 255, 10_000


def check(message: Any) -> dict[str, Any]:
    """Raises RefusedError."""
    if not isinstance(message, dict):
        raise RefusedError("Bad Request")
    _known(message, MESSAGE, "")
    _check_person(message.get("from"), "from")
    _check_personalizations(message)
    _check_reply(message)
    _check_content(message)
    _check_headers(message.get("headers", {}), "headers")
    _check_categories(message.get("categories", []))
    return message


def _known(given: dict[str, Any], names: set[str], path: str) -> None:
    for name in given:
        if name not in names:
            where = f"{path}.{name}".strip(".")
            raise RefusedError(f"Additional property {name} is not allowed", where)


def _check_person(person: Any, path: str) -> None:
    if not isinstance(person, dict) or not isinstance(person.get("email"), str):
        raise RefusedError(f"The {path} object must be provided with an email property.", f"{path}.email")
    if not ADDRESS.match(person["email"]):
        raise RefusedError("Does not contain a valid address.", f"{path}.email")
    _known(person, {"email", "name"}, path)


def _check_personalizations(message: dict[str, Any]) -> None:
    entries = message.get("personalizations")
    if not isinstance(entries, list) or not entries:
        words = "The personalizations field is required and must have at least one personalization."
        raise RefusedError(words, "personalizations")
    if len(entries) > MOST_PEOPLE:
        raise RefusedError(f"There can be at most {MOST_PEOPLE} personalizations.", "personalizations")
    for index, entry in enumerate(entries):
        _check_personalization(entry, f"personalizations.{index}", message)


def _check_personalization(entry: Any, path: str, message: dict[str, Any]) -> None:
    if not isinstance(entry, dict) or not entry.get("to") or not isinstance(entry["to"], list):
        words = "The to array is required for all personalization objects, and must have at least one email object."
        raise RefusedError(words, f"{path}.to")
    _known(entry, PERSONALIZATION, path)
    for field in ("to", "cc", "bcc"):
        for index, person in enumerate(entry.get(field, [])):
            _check_person(person, f"{path}.{field}.{index}")
    people = [person["email"].lower() for field in ("to", "cc", "bcc") for person in entry.get(field, [])]
    if len(people) != len(set(people)):
        words = "Each email address in the personalization block should be unique between to, cc, and bcc."
        raise RefusedError(words, path)
    if not entry.get("subject") and not message.get("subject") and not message.get("template_id"):
        raise RefusedError("The subject is required. You can get around this requirement if you use a template.")
    _check_headers(entry.get("headers", {}), f"{path}.headers")
    _check_custom({**message.get("custom_args", {}), **entry.get("custom_args", {})}, f"{path}.custom_args")


def _check_reply(message: dict[str, Any]) -> None:
    if "reply_to" in message:
        _check_person(message["reply_to"], "reply_to")
        if "reply_to_list" in message:
            raise RefusedError("Cannot have both reply_to and reply_to_list.", "reply_to_list")
    for index, person in enumerate(message.get("reply_to_list", [])):
        _check_person(person, f"reply_to_list.{index}")


def _check_content(message: dict[str, Any]) -> None:
    parts = message.get("content")
    if message.get("template_id") and not parts:
        return
    if not isinstance(parts, list) or not parts:
        words = "Unless a valid template_id is provided, the content parameter is required."
        raise RefusedError(words, "content")
    for index, part in enumerate(parts):
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise RefusedError("The content type is required.", f"content.{index}.type")
        if not isinstance(part.get("value"), str) or not part["value"]:
            words = "The content value must be a string at least one character in length."
            raise RefusedError(words, f"content.{index}.value")
    order = [part["type"] for part in parts if part["type"] in {"text/plain", "text/html"}]
    if order != sorted(order, reverse=True) or len(order) != len(set(order)):
        raise RefusedError("If present, text/plain must be first, followed by text/html.", "content")


def _check_headers(headers: Any, path: str) -> None:
    if not isinstance(headers, dict):
        raise RefusedError("The headers must be an object.", path)
    for name, value in headers.items():
        if name.lower() in RESERVED:
            raise RefusedError(f"The header {name} is reserved and cannot be set.", f"{path}.{name}")
        if not isinstance(value, str):
            raise RefusedError("The value of each header must be a string.", f"{path}.{name}")


def _check_custom(arguments: dict[str, Any], path: str) -> None:
    if not all(isinstance(value, str) for value in arguments.values()):
        raise RefusedError("The value of each custom arg must be a string.", path)
    if sum(len(name) + len(value) for name, value in arguments.items()) > MOST_CUSTOM:
        raise RefusedError(f"The custom args must be at most {MOST_CUSTOM} bytes.", path)


def _check_categories(categories: Any) -> None:
    if not isinstance(categories, list) or not all(isinstance(entry, str) for entry in categories):
        raise RefusedError("The categories must be an array of strings.", "categories")
    if len(categories) > MOST_CATEGORIES or len(categories) != len(set(categories)):
        raise RefusedError(f"There can be at most {MOST_CATEGORIES} categories, each once.", "categories")
    if any(len(entry) > LONGEST_CATEGORY for entry in categories):
        raise RefusedError(f"A category has at most {LONGEST_CATEGORY} characters.", "categories")
