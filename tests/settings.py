"""The shop's settings under test: those of `ilytat.settings` in an environment of our own making.

Of the outside only DATABASE_URL and REDIS_URL are heard, so that no developer's key ever meets a test. Of Redis the
databases from the given one on are taken, three for each worker of pytest-xdist: its cache, and a stack's two.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from tests.spread import worker_redis

SCRATCH = Path(tempfile.mkdtemp(prefix="ilytat-tests-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

HEARD = ("DATABASE_URL", "REDIS_URL")
GIVEN = {name: os.environ[name] for name in HEARD if os.environ.get(name)}
if GIVEN.get("REDIS_URL"):
    # Tests empty their cache, which must be nobody else's.
    GIVEN["REDIS_URL"] = worker_redis(GIVEN["REDIS_URL"])
os.environ |= {
    "ENV_FILE": os.devnull,
    "ENVIRONMENT": "development",
    "DEBUG": "off",
    "SECRET_KEY": "for-tests-" * 6,
    "SITE_URL": "http://testserver",
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "DATABASE_URL": f"sqlite:///{SCRATCH / 'shop.sqlite3'}",
    "REDIS_URL": "",
    "CELERY_BROKER_URL": "memory://",
    "MEDIA_ROOT": str(SCRATCH / "media"),
    # The providers' real addresses: what a test forgets to answer for is refused by the socket guard.
    "SANDBOX_URL": "",
    "PRINTIFY_API_BASE": "https://api.printify.com",
    "PRINTIFY_API_KEY": "printify-key-for-tests",
    "PRINTIFY_SHOP_ID": "1001",
    "PRINTIFY_WEBHOOK_SECRET": "printify-webhook-secret-for-tests",
    "STRIPE_API_BASE": "https://api.stripe.com",
    "STRIPE_JS_URL": "https://js.stripe.com/endive/stripe.js",
    "STRIPE_SECRET_KEY": "sk_test_" + "fortests",
    "STRIPE_PUBLIC_KEY": "pk_test_" + "fortests",
    "STRIPE_WEBHOOK_SECRET": "whsec_" + "fortests",
    "STRIPE_UI_MODE": "hosted_page",
    "STRIPE_AUTOMATIC_TAX": "off",
    "SENDGRID_API_URL": "https://api.sendgrid.com/v3/",
    "EMAIL_API_KEY": "SG." + "for-tests",
    "EMAIL_URL": "",
    "SENDGRID_WEBHOOK_PUBLIC_KEY": "",
    "STAFF_ALERTS_TO": "staff@ilytat.test",
    "PING_URL": "",
    "API_TOKEN": "api-token-for-tests",
    "SHOP_CURRENCY": "USD",
    "SHIP_TO_COUNTRIES": "US,CA",
    "TRUSTED_PROXY_COUNT": "0",
    "LOG_LEVEL": "WARNING",
    "LOG_JSON": "off",
} | GIVEN
for name in (
    "CATALOG_TTL_MINUTES",
    "GRACE_MINUTES",
    "HEARTBEAT_SECONDS",
    "IMAGE_HOSTS",
    "LEASE_SECONDS",
    "POLL_MINUTES",
    "SESSION_MINUTES",
    "SETTLE_SECONDS",
    "SWEEP_SECONDS",
):
    os.environ.pop(name, None)

from ilytat.settings import *  # noqa: E402, F403 (the environment above must stand first)
from ilytat.settings import DATABASES, STORAGES  # noqa: E402 (changed below)

VAR_DIR = SCRATCH
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads with connections of their own must meet as processes do.
    DATABASES["default"]["TEST"] = {"NAME": str(SCRATCH / "test.sqlite3")}
else:
    # Threads of tests come and go: a connection each, closed with it, keeps the test database removable.
    DATABASES["default"]["OPTIONS"].pop("pool", None)
# Hashed names would need a collectstatic before every run.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
