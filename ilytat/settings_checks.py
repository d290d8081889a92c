"""What stops the start: settings that are missing, malformed or contradict one another.

Called by `ilytat.settings` while it loads, so that no process of the shop ever runs half-configured.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

TEST_PREFIXES = ("sk_test_", "rk_test_", "pk_test_")
SECRET_KEY_LENGTH = 50  # what Django itself asks of a deployment
LIVE_PREFIXES = ("sk_live_", "rk_live_", "pk_live_")
PUBLISHED = "development-only-"  # begins the key that stands in the source for everybody to read
SECRET_LENGTH = 20  # of what programs show one another
FEW = 5  # different characters, as Django counts
BROKERS = ("redis://", "rediss://", "redis+socket://", "unix://", "sqla+", "memory://")
LONGEST_CALL = 60.0  # seconds: what a provider is given for one answer
SOFT_LIMIT = 0.8  # share of a lease after which Celery stops the task that works under it
# A step looks at the provider once and then makes the one call that must not be repeated, both before the soft limit:
# LEASE_SECONDS * SOFT_LIMIT >= 2 * LONGEST_CALL. The half of the lease that `ensure_leased` asks for right before that
# call then exceeds the longest one by 15 seconds. A look that takes more is no danger: the call is not made.
LEASE_SECONDS_MIN = 2 * LONGEST_CALL / SOFT_LIMIT
SESSION_MINUTES_MAX = 1440

TRUE_OR_FALSE = {"true", "false", "on", "off", "yes", "no", "y", "n", "ok", "1", "0"}

REQUIRED = {
    "PRINTIFY_API_KEY": "make a token at Printify, My profile > Connections",  # pragma: allowlist secret
    "STRIPE_SECRET_KEY": "take it from Stripe's dashboard, Developers > API keys",  # pragma: allowlist secret
    "STAFF_ALERTS_TO": "name the addresses that hear of trouble",
}


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
    blocks = (_site, _secrets, _stripe, _printify, _files, _numbers, _money)
    sentences = [sentence for block in blocks for sentence in block(settings)]
    if settings["PRODUCTION"]:
        sentences += _production(settings)
    if sentences:
        raise ImproperlyConfigured("The shop refuses to start:\n  - " + "\n  - ".join(sentences))


def _site(settings: Mapping[str, Any]) -> list[str]:
    site, found = settings["SITE"], []
    if site.scheme not in {"http", "https"} or not site.hostname:
        found.append("SITE_URL must be an absolute http(s) address such as https://ilytat.com.")
    elif site.path or site.query or site.fragment or site.username:
        found.append("SITE_URL must be scheme and host alone, without a path: links are made by adding one.")
    elif not _serves(settings["ALLOWED_HOSTS"], site.hostname):
        found.append("ALLOWED_HOSTS must name the host of SITE_URL: every link would be refused.")
    if "*" in settings["ALLOWED_HOSTS"]:
        found.append("ALLOWED_HOSTS may not contain '*': name the shop's hosts.")
    if not settings["CELERY_BROKER_URL"].startswith(BROKERS):
        found.append("CELERY_BROKER_URL must name Redis (redis://host:6379/1): other brokers are not supported.")
    if settings["TRUSTED_PROXY_COUNT"] < 0:
        found.append("TRUSTED_PROXY_COUNT may not be negative.")
    return found


def _serves(allowed: Sequence[str], host: str) -> bool:
    """As Django reads ALLOWED_HOSTS: a name that begins with a dot stands for all below it."""
    wide = [name for name in allowed if name.startswith(".")]
    return "*" in allowed or host in allowed or any(f".{host}".endswith(name) for name in wide)


def _secrets(settings: Mapping[str, Any]) -> list[str]:
    key, found = settings["SECRET_KEY"], []
    if len(key) < SECRET_KEY_LENGTH or len(set(key)) < FEW:
        found.append(
            "SECRET_KEY is missing or shorter than 50 characters. Make one and keep it secret: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    if key.startswith(PUBLISHED) and settings["ENVIRONMENT"] != "development":
        found.append("SECRET_KEY is the one of development, which everybody can read: generate one.")
    short = [name for name in ("API_TOKEN", "PRINTIFY_WEBHOOK_SECRET") if 0 < len(settings[name]) < SECRET_LENGTH]
    if settings["PRODUCTION"]:
        found += [f"{name} must have {SECRET_LENGTH} random characters or more: it could be guessed." for name in short]
    return found


def _stripe(settings: Mapping[str, Any]) -> list[str]:
    """A missing webhook secret does not stop the start: `register_webhooks` has yet to learn it from Stripe."""
    secret, public = settings["STRIPE_SECRET_KEY"], settings["STRIPE_PUBLIC_KEY"]
    found = []
    if not secret and (public or settings["STRIPE_WEBHOOK_SECRETS"]):
        found.append("STRIPE_SECRET_KEY is empty while other Stripe settings are set: set all or none.")
    if secret and not secret.startswith((*TEST_PREFIXES[:2], *LIVE_PREFIXES[:2])):
        found.append("STRIPE_SECRET_KEY must begin with sk_test_, rk_test_, sk_live_ or rk_live_.")
    if public and not public.startswith((TEST_PREFIXES[2], LIVE_PREFIXES[2])):
        found.append("STRIPE_PUBLIC_KEY must begin with pk_test_ or pk_live_: every browser is shown it.")
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
    positive = (
        "SWEEP_SECONDS",
        "LEASE_SECONDS",
        "HEARTBEAT_SECONDS",
        "CATALOG_TTL_MINUTES",
        "POLL_MINUTES",
        "SESSION_MINUTES",
    )
    found = [f"{name} must be greater than 0." for name in positive if settings[name] <= 0]
    found += [f"{name} may not be negative." for name in ("GRACE_MINUTES", "SETTLE_SECONDS") if settings[name] < 0]
    if settings["SESSION_MINUTES"] > SESSION_MINUTES_MAX:
        found.append("SESSION_MINUTES may be 1440 at most: Stripe keeps no payment page open for longer than a day.")
    return found


def _money(settings: Mapping[str, Any]) -> list[str]:
    found = []
    if not re.fullmatch(r"[A-Z]{3}", settings["SHOP_CURRENCY"]):
        found.append("SHOP_CURRENCY must be a code of three letters such as USD.")
    countries = settings["SHIP_TO_COUNTRIES"]
    if not countries or not all(re.fullmatch(r"[A-Z]{2}", code) for code in countries):
        found.append("SHIP_TO_COUNTRIES must be codes of two letters, separated by commas, such as US,CA.")
    if not 0 <= settings["MARGIN_FLOOR_PERCENT"] < 100:  # noqa: PLR2004 (all of it: nothing could be sold)
        found.append("MARGIN_FLOOR_PERCENT must be from 0 to less than 100.")
    return found


def _production(settings: Mapping[str, Any]) -> list[str]:
    found = [f"{name} is required in production: {source}." for name, source in REQUIRED.items() if not settings[name]]
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
        found.append("DATABASE_URL must name a PostgreSQL database in production: postgres://user:…@host:5432/name.")
    return found + _around(settings)


def _around(settings: Mapping[str, Any]) -> list[str]:
    """In production: the servers beside us, and those we speak to."""
    found = []
    cache, broker = settings["REDIS_URL"], settings["CELERY_BROKER_URL"]
    if not cache or broker.startswith("sqla+sqlite") or _numbered(cache) == _numbered(broker):
        found.append(
            "REDIS_URL and CELERY_BROKER_URL must name Redis in production, two different databases of it: "
            "redis://host:6379/0 and redis://host:6379/1."
        )
    outside = ("PRINTIFY_API_BASE", "STRIPE_API_BASE", "STRIPE_JS_URL", "SENDGRID_API_URL")
    plain = [name for name in outside if not settings[name].startswith("https://")]
    found += [f"{name} must begin with https:// in production: keys travel there." for name in plain]
    if settings["PING_URL"] and not settings["PING_URL"].startswith("https://"):
        found.append("PING_URL must begin with https:// in production: who reads it can silence the alarm.")
    if settings["LEASE_SECONDS"] < LEASE_SECONDS_MIN:
        found.append(
            f"LEASE_SECONDS must be at least {LEASE_SECONDS_MIN:.0f} in production: with less, a worker may lose its "
            f"row during a call to a provider, which may take {LONGEST_CALL:.0f} seconds."
        )
    return found


def _numbered(url: str) -> str:
    """Redis' database 0 goes without saying."""
    bare = url.partition("?")[0].rstrip("/")
    return bare if re.search(r"[^/:]/\d+$", bare) else f"{bare}/0"
