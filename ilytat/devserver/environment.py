"""The devserver's settings: made for this installation at the first start, kept in var/demo.env, which git ignores.

Of the shell's environment only the names in TUNED are heard, and nothing of any provider: the demo speaks to the
sandbox and to nobody else.
"""

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

import requests

from ilytat.devserver.processes import HOST, ROOT

VAR = ROOT / "var"
LOGS = VAR / "log"
ENV_FILE = VAR / "demo.env"
STAFF_EMAIL = "staff@ilytat.test"

# Waits short enough to watch an order go by; each may be set otherwise: GRACE_MINUTES=5 make run
TUNED = {
    "DEBUG": "off",
    "LOG_LEVEL": "INFO",
    "DATABASE_URL": f"sqlite:///{VAR / 'shop.sqlite3'}",
    "REDIS_URL": "",
    "CELERY_BROKER_URL": f"sqla+sqlite:///{VAR / 'broker.sqlite3'}",
    "STRIPE_UI_MODE": "hosted_page",
    "GRACE_MINUTES": "1",
    "POLL_MINUTES": "1",
    "SWEEP_SECONDS": "5",
    "SETTLE_SECONDS": "5",
    "CATALOG_TTL_MINUTES": "60",
    "SANDBOX_SPEED": "1",
}
MINE = ("PRINTIFY_", "STRIPE_", "SENDGRID_", "EMAIL_", "SANDBOX_", "SITE_", "SHOP_", "STAFF_", "DJANGO_")
ALSO_MINE = frozenset(
    {
        "ALLOWED_HOSTS",
        "API_TOKEN",
        "CATALOG_STALE_LIMIT_HOURS",
        "ENVIRONMENT",
        "ENV_FILE",
        "IMAGE_HOSTS",
        "LEASE_SECONDS",
        "LOG_JSON",
        "MEDIA_ROOT",
        "PING_URL",
        "SECRET_KEY",
        "SESSION_MINUTES",
        "SHIP_TO_COUNTRIES",
        "TRUSTED_PROXY_COUNT",
    }
)


def _invented() -> dict[str, str]:
    """Secrets, new for each installation. Stripe's and SendGrid's have the beginnings those services give theirs."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "API_TOKEN": secrets.token_urlsafe(24),
        "PRINTIFY_API_KEY": secrets.token_urlsafe(24),
        "PRINTIFY_WEBHOOK_SECRET": secrets.token_urlsafe(24),
        "STRIPE_SECRET_KEY": f"sk_test_{secrets.token_hex(12)}",
        "STRIPE_PUBLIC_KEY": f"pk_test_{secrets.token_hex(12)}",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
        "EMAIL_API_KEY": f"SG.{secrets.token_hex(11)}.{secrets.token_hex(21)}",
        "STAFF_PASSWORD": secrets.token_urlsafe(9),
    }


def _read(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}


def compose(port: int, sandbox_port: int, kept: Mapping[str, str]) -> dict[str, str]:
    """All settings of the demo; `kept` is what an earlier start wrote."""
    secret = {name: kept.get(name) or value for name, value in _invented().items()}
    tuned = {name: os.environ.get(name) or value for name, value in TUNED.items()}
    site, sandbox = f"http://{HOST}:{port}", f"http://{HOST}:{sandbox_port}"
    return {
        **secret,
        **tuned,
        "ENVIRONMENT": "development",
        "SITE_URL": site,
        "SHOP_URL": site,
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "SANDBOX_URL": sandbox,
        "SANDBOX_STORE": str(VAR / "sandbox.sqlite3"),
        "PRINTIFY_SHOP_ID": "1001",
        "MEDIA_ROOT": str(VAR / "media"),
        "STAFF_ALERTS_TO": STAFF_EMAIL,
        "LOG_JSON": "off",
    }


def prepare(port: int, sandbox_port: int) -> dict[str, str]:
    """Write var/demo.env (readable by its owner only) and return the environment for every process."""
    VAR.mkdir(exist_ok=True)
    own = compose(port, sandbox_port, _read(ENV_FILE))
    _write(own)
    own.pop("STAFF_PASSWORD")
    return {**_outside(), **own, "ENV_FILE": str(ENV_FILE)}


def _write(own: Mapping[str, str]) -> None:
    lines = ["# Written by `make run`. Delete it for new secrets and a new staff password."]
    lines += [f"{name}={value}" for name, value in own.items()]
    ENV_FILE.touch(mode=0o600)
    ENV_FILE.write_text("\n".join(lines) + "\n")


def mail_key(env: Mapping[str, str]) -> str:
    """The key that verifies mail events, as SendGrid tells it to whoever switches signing on."""
    address = f"{env['SANDBOX_URL']}/sendgrid/v3/user/webhooks/event/settings/signed"
    answer = requests.get(address, headers={"Authorization": f"Bearer {env['EMAIL_API_KEY']}"}, timeout=30)
    if not answer.ok:
        raise RuntimeError(
            f"The sandbox tells no key for mail events: {answer.status_code}. Delete var/ and try again."
        )
    return str(answer.json()["public_key"])


def learn_mail_key(env: Mapping[str, str]) -> dict[str, str]:
    """Known only once the sandbox runs; kept with the rest."""
    learned = {"SENDGRID_WEBHOOK_PUBLIC_KEY": mail_key(env)}
    _write(_read(ENV_FILE) | learned)
    return learned


def empty_logs() -> None:
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir()


def staff_password() -> str:
    return _read(ENV_FILE)["STAFF_PASSWORD"]


def _outside() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(MINE) and name not in ALSO_MINE}
