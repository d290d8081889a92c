"""Every contradiction stops the start with a sentence that says what to do."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from ilytat import settings_checks
from ilytat.celery import app
from ilytat.integrations.client import ApiClient
from notifications import outbox
from payments import gateway

ROOT = Path(__file__).resolve().parent.parent.parent
LIVE, TEST = "sk_live_" + "x" * 12, "sk_test_" + "x" * 12
PRODUCTION = {
    name: value
    for name, _, value in (line.partition("=") for line in (ROOT / "tests" / "production.env").read_text().splitlines())
    if value and not name.startswith("#")
}
PUBLIC = {"SITE_URL": "https://ilytat.com"}
STRIPE = {"STRIPE_SECRET_KEY": TEST, "STRIPE_WEBHOOK_SECRET": "whsec_x"}


def settings_in(environment: dict[str, str]) -> dict[str, Any]:
    """What `ilytat.settings` makes of exactly this environment."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update({"ENV_FILE": os.devnull, **environment})
    try:
        return runpy.run_path(str(ROOT / "ilytat" / "settings.py"))
    finally:
        os.environ.clear()
        os.environ.update(before)


def refusal(environment: dict[str, str]) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        settings_in(environment)
    return str(caught.value)


def test_an_empty_environment_is_a_development_shop_without_any_integration() -> None:
    found = settings_in({})

    assert (found["ENVIRONMENT"], found["DEBUG"], found["STRIPE_SECRET_KEY"]) == ("development", False, "")


def test_the_complete_production_environment_starts() -> None:
    found = settings_in(PRODUCTION)

    assert found["STRIPE_LIVE"]
    assert found["SESSION_COOKIE_SECURE"]
    assert found["SECURE_HSTS_SECONDS"] > 0
    assert found["PRINTIFY_API_BASE"] == "https://api.printify.com"


@pytest.mark.parametrize("environment", [STRIPE, PRODUCTION])
def test_register_webhooks_can_start_before_stripe_has_made_the_secret(environment: dict[str, str]) -> None:
    assert settings_in({**environment, "STRIPE_WEBHOOK_SECRET": ""})["STRIPE_WEBHOOK_SECRETS"] == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"ENVIRONMENT": "live"}, "must be one of: development, staging, production"),
        ({"MEDIA_S3_BUCKET": "pictures"}, "MEDIA_S3_BUCKET and MEDIA_PUBLIC_URL belong together"),
        ({"SITE_URL": "ilytat.com"}, "SITE_URL must be an absolute http(s) address"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is missing or shorter than 50 characters"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS may not contain '*'"),
        ({**STRIPE, "STRIPE_SECRET_KEY": LIVE}, "A live Stripe key outside production would charge real cards"),
        ({**STRIPE, "STRIPE_SECRET_KEY": "sk_wrong"}, "must begin with sk_test_, rk_test_, sk_live_ or rk_live_"),
        ({**STRIPE, "STRIPE_WEBHOOK_SECRET": "whsec_a,b"}, "values that begin with whsec_"),
        ({**STRIPE, "STRIPE_PUBLIC_KEY": "pk_live_x"}, "are of different modes"),
        ({**STRIPE, "STRIPE_UI_MODE": "elements"}, "STRIPE_UI_MODE=elements needs STRIPE_PUBLIC_KEY"),
        ({**STRIPE, "STRIPE_UI_MODE": "iframe"}, "must be one of: hosted_page, elements"),
        ({"STRIPE_PUBLIC_KEY": "pk_test_x"}, "STRIPE_SECRET_KEY is empty while other Stripe settings are set"),
        ({"PRINTIFY_API_KEY": "key"}, "PRINTIFY_API_KEY and PRINTIFY_SHOP_ID belong together"),
        ({"PRINTIFY_API_KEY": "key", "PRINTIFY_SHOP_ID": "1"}, "PRINTIFY_WEBHOOK_SECRET is empty"),
        ({"PRINTIFY_API_KEY": "key", "PRINTIFY_SHOP_ID": "my shop"}, "PRINTIFY_SHOP_ID must be the number"),
        ({"POLL_MINUTES": "0"}, "POLL_MINUTES must be greater than 0"),
        ({"GRACE_MINUTES": "-1"}, "GRACE_MINUTES may not be negative"),
        ({"SITE_URL": "https://ilytat.com/shop"}, "SITE_URL must be scheme and host alone"),
        (
            {"SITE_URL": "https://me:pw@ilytat.com"},  # pragma: allowlist secret
            "SITE_URL must be scheme and host alone",
        ),
        ({**PUBLIC, "ALLOWED_HOSTS": "www.ilytat.com"}, "ALLOWED_HOSTS must name the host of SITE_URL"),
        ({**PUBLIC, "ALLOWED_HOSTS": ".otherilytat.com"}, "ALLOWED_HOSTS must name the host of SITE_URL"),
        ({"TRUSTED_PROXY_COUNT": "-1"}, "TRUSTED_PROXY_COUNT may not be negative"),
        ({"SECRET_KEY": "x" * 60}, "SECRET_KEY is missing"),
        (
            {"ENVIRONMENT": "staging", "SECRET_KEY": "development-only-" + "not-a-secret-" * 4},
            "is the one of development",
        ),
        ({**STRIPE, "STRIPE_PUBLIC_KEY": TEST}, "STRIPE_PUBLIC_KEY must begin with pk_test_ or pk_live_"),
        ({"SESSION_MINUTES": "1441"}, "SESSION_MINUTES may be 1440 at most"),
        ({"SESSION_MINUTES": "nan"}, "SESSION_MINUTES is 'nan'"),
        ({"CATALOG_STALE_LIMIT_HOURS": "inf"}, "CATALOG_STALE_LIMIT_HOURS is 'inf'"),
        ({"MARGIN_FLOOR_PERCENT": "100"}, "MARGIN_FLOOR_PERCENT must be from 0"),
        ({"SHOP_CURRENCY": "dollars"}, "SHOP_CURRENCY must be a code of three letters"),
        ({"SHIP_TO_COUNTRIES": "USA,CA"}, "SHIP_TO_COUNTRIES must be codes of two letters"),
        ({"SHIP_TO_COUNTRIES": ","}, "SHIP_TO_COUNTRIES must be codes of two letters"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL is 'LOUD'; it must be one of"),
    ],
)
def test_a_contradiction_refuses_to_start(changed: dict[str, str], sentence: str) -> None:
    assert sentence in refusal(changed)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"STRIPE_SECRET_KEY": TEST, "STRIPE_PUBLIC_KEY": ""}, "A Stripe test key in production takes no money"),
        ({"STRIPE_SECRET_KEY": ""}, "STRIPE_SECRET_KEY is required in production"),
        ({"PRINTIFY_API_KEY": "", "PRINTIFY_SHOP_ID": ""}, "PRINTIFY_API_KEY is required in production"),
        ({"EMAIL_API_KEY": ""}, "EMAIL_API_KEY (SendGrid) or EMAIL_URL (SMTP) is required"),
        ({"STAFF_ALERTS_TO": ""}, "STAFF_ALERTS_TO is required in production"),
        ({"SITE_URL": "http://shop.example"}, "SITE_URL must begin with https://"),
        ({"DEBUG": "on"}, "DEBUG must be off in production"),
        ({"SANDBOX_URL": "http://127.0.0.1:8001"}, "SANDBOX_URL must be empty in production"),
        ({"DATABASE_URL": "sqlite:///shop.sqlite3"}, "DATABASE_URL must name a PostgreSQL database"),
        ({"REDIS_URL": ""}, "REDIS_URL and CELERY_BROKER_URL must name Redis"),
        ({"REDIS_URL": PRODUCTION["CELERY_BROKER_URL"]}, "two different databases of it"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
        ({"CELERY_BROKER_URL": "redis://127.0.0.1:6379"}, "two different databases of it"),
        ({"CELERY_BROKER_URL": "amqp://guest@127.0.0.1//"}, "CELERY_BROKER_URL must name Redis"),
        ({"API_TOKEN": "short"}, "API_TOKEN must have 20 random characters or more"),
        ({"PRINTIFY_WEBHOOK_SECRET": "secret"}, "PRINTIFY_WEBHOOK_SECRET must have 20 random characters"),
        ({"PRINTIFY_API_BASE": "http://api.printify.com"}, "PRINTIFY_API_BASE must begin with https://"),
        ({"STRIPE_API_BASE": "http://127.0.0.1"}, "STRIPE_API_BASE must begin with https://"),
        ({"STRIPE_JS_URL": "http://127.0.0.1/x.js"}, "STRIPE_JS_URL must begin with https://"),
        ({"SENDGRID_API_URL": "http://127.0.0.1/"}, "SENDGRID_API_URL must begin with https://"),
        *(({"LEASE_SECONDS": value}, "LEASE_SECONDS must be at least 150") for value in ("60", "61", "120", "149.9")),
    ],
)
def test_production_refuses_what_development_may_lack(changed: dict[str, str], sentence: str) -> None:
    assert sentence in refusal({**PRODUCTION, **changed})


@pytest.mark.parametrize(
    "changed",
    [
        {**PUBLIC, "ALLOWED_HOSTS": ".ilytat.com"},
        {**PUBLIC, "ALLOWED_HOSTS": "www.ilytat.com,ilytat.com"},
        {"SITE_URL": "http://127.0.0.1:8600/"},
        {"LOG_LEVEL": "debug"},
        {**STRIPE, "STRIPE_SECRET_KEY": "rk_test_x", "STRIPE_PUBLIC_KEY": "pk_test_x"},
    ],
)
def test_what_fits_together_starts(changed: dict[str, str]) -> None:
    assert settings_in(changed)


@pytest.mark.parametrize("name", ["DEBUG", "SWEEP_SECONDS", "TRUSTED_PROXY_COUNT"])
def test_a_malformed_value_is_refused_by_its_name(name: str) -> None:
    assert f"{name} is 'soon'" in refusal({name: "soon"})


def test_an_empty_value_counts_as_unset() -> None:
    """So that a copy of .env.example with its blanks is a working start."""
    blank = dict.fromkeys(("DEBUG", "GRACE_MINUTES", "DATABASE_URL", "STAFF_ALERTS_TO", "ENVIRONMENT"), "")

    assert settings_in(blank)["GRACE_MINUTES"] == settings_in({})["GRACE_MINUTES"]


def test_one_start_tells_everything_that_is_wrong() -> None:
    told = refusal({"STRIPE_SECRET_KEY": LIVE, "SECRET_KEY": "short", "GRACE_MINUTES": "-1"})

    assert told.count("\n  - ") == 3
    assert LIVE not in told


def test_the_process_itself_stops_and_says_why() -> None:
    """As the operator meets it: no traceback's end but the sentence."""
    environment = {**PRODUCTION, "ENV_FILE": os.devnull, "PATH": os.environ["PATH"], "DEBUG": "on"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert done.stderr == "The shop refuses to start:\n  - DEBUG must be off in production.\n"


def test_a_copy_of_the_example_does_not_switch_the_second_factor_off() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    filled = {name: PRODUCTION.get(name) or value for name, value in example.items()}

    assert settings_in(filled)["STAFF_TWO_STEP"] is True


def test_the_sandbox_is_known_by_its_address_alone() -> None:
    found = settings_in({"SANDBOX_URL": "http://127.0.0.1:8001/"})

    assert found["PRINTIFY_API_BASE"] == "http://127.0.0.1:8001/printify"
    assert found["STRIPE_API_BASE"] == "http://127.0.0.1:8001/stripe"
    assert found["SENDGRID_API_URL"] == "http://127.0.0.1:8001/sendgrid/v3/"
    assert "http://127.0.0.1:8001" in found["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["form-action"]


def test_mockups_of_the_sandbox_are_fetched_outside_production_only() -> None:
    assert "127.0.0.1:8001" in settings_in({"SANDBOX_URL": "http://127.0.0.1:8001"})["IMAGE_HOSTS"]
    assert settings_in(PRODUCTION)["IMAGE_HOSTS"] == ["images.printify.com", "images-api.printify.com"]


def test_pictures_in_a_bucket_are_allowed_by_the_content_policy_at_its_public_address() -> None:
    bucket = {"MEDIA_S3_BUCKET": "pictures", "MEDIA_S3_ENDPOINT": "https://s3.example.com"}
    found = settings_in({**bucket, "MEDIA_PUBLIC_URL": "https://img.example.com/shop/"})

    options = found["STORAGES"]["default"]["OPTIONS"]
    assert (options["bucket_name"], options["custom_domain"]) == ("pictures", "img.example.com/shop")
    assert "https://img.example.com" in found["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["img-src"]
    assert "must begin with https" in refusal({**bucket, "MEDIA_PUBLIC_URL": "http://img.example.com"} | PUBLIC)


def test_the_shortest_lease_of_production_covers_every_providers_longest_call() -> None:
    """What the check takes for the longest call is what the clients allow, and half of the lease outlasts it."""
    longest = {
        "Printify": ApiClient.deadline,
        "Stripe, with the library's one retry": 2 * gateway.TOTAL,
        "email": outbox.HANDOVER_SECONDS,
    }
    assert max(longest.values()) == settings_checks.LONGEST_CALL
    lease = settings_in({**PRODUCTION, "LEASE_SECONDS": f"{settings_checks.LEASE_SECONDS_MIN}"})["LEASE_SECONDS"]
    assert lease / 2 > settings_checks.LONGEST_CALL
    assert lease * settings_checks.SOFT_LIMIT >= 2 * settings_checks.LONGEST_CALL


def test_celery_stops_a_task_at_the_share_of_the_lease_that_the_check_assumes(settings: Settings) -> None:
    assert app.conf.task_soft_time_limit == settings.LEASE_SECONDS * settings_checks.SOFT_LIMIT
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit < settings.LEASE_SECONDS


def test_a_hung_redis_holds_who_wakes_a_worker_for_a_second_and_outlasts_the_reads_of_workers() -> None:
    """A worker's blocking read takes a second, which its socket must allow."""
    sent = "celeryd_init.send(sender='x', instance=None, conf=app.conf, options={}); print(timeouts())"
    code = (
        "from celery.signals import celeryd_init; from ilytat.celery import app; "
        "timeouts = lambda: [app.conf.broker_transport_options[f'socket_{name}timeout'] for name in ('', 'connect_')]; "
        f"print(timeouts()); {sent}"
    )
    environment = {
        **os.environ,
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        "DJANGO_SETTINGS_MODULE": "ilytat.settings",
    }
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert done.stdout.decode().split("\n")[:2] == ["[1, 1]", "[5, 2]"]
