"""What stops the start: settings that are missing, malformed or contradict one another.

Called by `ilytat.settings` while it loads, so that no process of the shop ever runs half-configured.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

TEST_PREFIXES = ("sk_test_", "rk_test_", "pk_test_")
SECRET_KEY_LENGTH = 50  # what Django itself asks of a deployment
LIVE_PREFIXES = ("sk_live_", "rk_live_", "pk_live_")


TRUE_OR_FALSE = {"true", "false", "on", "off", "yes", "no", "y", "n", "ok", "1", "0"}


class Env(environ.Env):  # type: ignore[misc]  # django-environ carries no types
    """Reads the environment. An empty value counts as unset; a malformed one is refused by its name."""

    def get_value(self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, *rest: Any, **named: Any) -> Any:
        given = self.ENVIRON.get(var)
        if given == "" and default is not self.NOTSET:
            return default
        if cast is bool and given is not None and given.lower() not in TRUE_OR_FALSE:
            raise ImproperlyConfigured(f"{var} is {given!r}; it must be on or off.")
        try:
            return super().get_value(var, cast, default, *rest, **named)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var} is {given!r}: {error}.") from error


def one_of(name: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of: {', '.join(allowed)}.")
    return value


def refuse_contradictions(settings: Mapping[str, Any]) -> None:
    """Raise ImproperlyConfigured with every sentence that applies, so that one start tells all."""
    sentences = [*_site(settings), *_stripe(settings), *_printify(settings), *_files(settings), *_numbers(settings)]
    if settings["PRODUCTION"]:
        sentences += _production(settings)
    if sentences:
        raise ImproperlyConfigured("The shop refuses to start:\n  - " + "\n  - ".join(sentences))


def _site(settings: Mapping[str, Any]) -> list[str]:
    found = []
    if settings["SITE"].scheme not in {"http", "https"} or not settings["SITE"].hostname:
        found.append("SITE_URL must be an absolute http(s) address such as https://ilytat.com.")
    if len(settings["SECRET_KEY"]) < SECRET_KEY_LENGTH:
        found.append("SECRET_KEY is missing or shorter than 50 characters: generate one and keep it secret.")
    if "*" in settings["ALLOWED_HOSTS"]:
        found.append("ALLOWED_HOSTS may not contain '*': name the shop's hosts.")
    return found


def _stripe(settings: Mapping[str, Any]) -> list[str]:
    secret, public = settings["STRIPE_SECRET_KEY"], settings["STRIPE_PUBLIC_KEY"]
    found = []
    if not secret and (public or settings["STRIPE_WEBHOOK_SECRETS"]):
        found.append("STRIPE_SECRET_KEY is empty while other Stripe settings are set: set all three or none.")
    if secret and not secret.startswith((*TEST_PREFIXES[:2], *LIVE_PREFIXES[:2])):
        found.append("STRIPE_SECRET_KEY must begin with sk_test_, rk_test_, sk_live_ or rk_live_.")
    if secret and not settings["STRIPE_WEBHOOK_SECRETS"]:
        found.append("STRIPE_WEBHOOK_SECRET is empty: copy the endpoint's whsec_… from Stripe's dashboard.")
    if any(not value.startswith("whsec_") for value in settings["STRIPE_WEBHOOK_SECRETS"]):
        found.append("STRIPE_WEBHOOK_SECRET must hold values that begin with whsec_, separated by commas.")
    if secret and public and secret.startswith(LIVE_PREFIXES) != public.startswith(LIVE_PREFIXES):
        found.append("STRIPE_PUBLIC_KEY and STRIPE_SECRET_KEY are of different modes: take both from the same page.")
    if settings["STRIPE_UI_MODE"] == "elements" and secret and not public:
        found.append("STRIPE_UI_MODE=elements needs STRIPE_PUBLIC_KEY (pk_…).")
    if settings["STRIPE_LIVE"] and not settings["PRODUCTION"]:
        found.append("A live Stripe key outside production would charge real cards: use sk_test_… here.")
    return found


def _printify(settings: Mapping[str, Any]) -> list[str]:
    found = []
    if bool(settings["PRINTIFY_API_KEY"]) != bool(settings["PRINTIFY_SHOP_ID"]):
        found.append("PRINTIFY_API_KEY and PRINTIFY_SHOP_ID belong together: set both or neither.")
    if settings["PRINTIFY_API_KEY"] and not settings["PRINTIFY_WEBHOOK_SECRET"]:
        found.append("PRINTIFY_WEBHOOK_SECRET is empty: choose a long random value; register_webhooks sends it.")
    if not settings["PRINTIFY_SHOP_ID"].isdigit() and settings["PRINTIFY_SHOP_ID"]:
        found.append("PRINTIFY_SHOP_ID must be the number that Printify shows for the shop.")
    return found


def _files(settings: Mapping[str, Any]) -> list[str]:
    bucket, public = settings["MEDIA_S3_BUCKET"], settings["MEDIA_PUBLIC_URL"]
    if bool(bucket) != bool(public):
        return ["MEDIA_S3_BUCKET and MEDIA_PUBLIC_URL belong together: set both or neither."]
    if public and not public.startswith("https://") and settings["SECURE"]:
        return ["MEDIA_PUBLIC_URL must begin with https://: browsers refuse other pictures on an https page."]
    return []


def _numbers(settings: Mapping[str, Any]) -> list[str]:
    positive = ("SWEEP_SECONDS", "LEASE_SECONDS", "CATALOG_TTL_MINUTES", "POLL_MINUTES", "SESSION_MINUTES")
    found = [f"{name} must be greater than 0." for name in positive if settings[name] <= 0]
    found += [f"{name} may not be negative." for name in ("GRACE_MINUTES", "SETTLE_SECONDS") if settings[name] < 0]
    return found


def _production(settings: Mapping[str, Any]) -> list[str]:
    required = ("PRINTIFY_API_KEY", "STRIPE_SECRET_KEY", "STAFF_ALERTS_TO")
    found = [f"{name} is required in production." for name in required if not settings[name]]
    if not settings["EMAIL_API_KEY"] and not settings["EMAIL_URL"]:
        found.append("EMAIL_API_KEY (SendGrid) or EMAIL_URL (SMTP) is required in production.")
    if not settings["SECURE"]:
        found.append("SITE_URL must begin with https:// in production.")
    if settings["DEBUG"]:
        found.append("DEBUG must be off in production.")
    if settings["SANDBOX_URL"]:
        found.append("SANDBOX_URL must be empty in production: the sandbox takes no money and prints nothing.")
    if settings["STRIPE_SECRET_KEY"].startswith(TEST_PREFIXES):
        found.append("A Stripe test key in production takes no money: use the live keys.")
    if settings["DATABASES"]["default"]["ENGINE"].endswith("sqlite3"):
        found.append("DATABASE_URL must name a PostgreSQL database in production.")
    if not settings["REDIS_URL"] or settings["CELERY_BROKER_URL"].startswith("sqla+sqlite"):
        found.append("REDIS_URL and CELERY_BROKER_URL must name Redis in production (two different databases).")
    return found
