"""The shop's settings: one file, read from the environment once, a block per integration.

A missing, malformed or contradictory value stops the start with its name and what to do (`ilytat.settings_checks`).
Durations carry their unit in their name; money settings are minor units.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext

from ilytat import settings_checks

django_stubs_ext.monkeypatch()  # lets admin classes name their model where types are checked

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = settings_checks.Env()
env_file = Path(env.str("ENV_FILE", default=str(BASE_DIR / ".env")))
if env_file.is_file():
    env.read_env(env_file)

# --- Where we are ------------------------------------------------------------------------------
ENVIRONMENT = settings_checks.one_of(
    "ENVIRONMENT", env.str("ENVIRONMENT", "development"), ("development", "staging", "production")
)
PRODUCTION = ENVIRONMENT == "production"
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "" if ENVIRONMENT != "development" else "development-only-" + "not-a-secret-" * 4)
SITE_URL = env.str("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
SITE = urlsplit(SITE_URL)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[SITE.hostname or "127.0.0.1"])
SECURE = SITE.scheme == "https"
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)

# --- Django ------------------------------------------------------------------------------------
ROOT_URLCONF = "ilytat.urls"
WSGI_APPLICATION = "ilytat.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "ilytat.apps.ShopAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.sitemaps",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "anymail",
    "csp",
    "ilytat.pages",
    "ilytat.integrations",
    "ilytat.accounts",
    "notifications",
    "catalog",
    "orders",
    "payments",
    "ilytat.apps.ShopConfig",
]
MIDDLEWARE = [
    "ilytat.middleware.RequestId",
    "ilytat.middleware.HealthPagesMiddleware",
    "ilytat.middleware.NullByteMiddleware",
    "ilytat.middleware.Utf8OnlyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "ilytat.middleware.TextGZipMiddleware",
    "ilytat.middleware.ApiErrorMiddleware",
    "ilytat.middleware.MaxBodyMiddleware",
    "payments.web_calls.WebCallsMiddleware",
    "ilytat.middleware.JsonPostMiddleware",
    "ilytat.middleware.NoStoreMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "ilytat.accounts.idle.StaffIdleTimeoutMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ilytat.context.shop",
                "notifications.context.brand",
                "catalog.context.categories",
                "orders.context.cart",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "ilytat.pages.templatetags.shop"],
        },
    }
]

# --- Database: PostgreSQL in production, SQLite anywhere ------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", f"sqlite:///{VAR_DIR / 'shop.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE is what serialises writers on SQLite, where row locks are silently ignored.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {
        "pool": {"min_size": 0, "max_size": 16, "timeout": 5},
        "options": "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000",
    }

# --- Cache: rate counters and page fragments only; losing it costs nothing -------------------------
REDIS_URL = env.str("REDIS_URL", "")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "ilytat.caching.ForgivingRedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- Celery: it only wakes workers (the row is the job) --------------------------------------------
# The default broker is one file: a demo or a single machine. Redis wherever CELERY_BROKER_URL says so.
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", f"sqla+sqlite:///{VAR_DIR / 'broker.sqlite3'}")
SWEEP_SECONDS = env.float("SWEEP_SECONDS", 30.0)
BACKUP_MARKER = env.str("BACKUP_MARKER", "")
LEASE_SECONDS = env.float("LEASE_SECONDS", 150.0)
HEARTBEAT_SECONDS = env.float("HEARTBEAT_SECONDS", 15.0)
PING_URL = env.str("PING_URL", "")

# --- Languages, time, money ----------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "America/Chicago"
SHOP_CURRENCY = env.str("SHOP_CURRENCY", "USD").upper()
SHIP_TO_COUNTRIES = [code.upper() for code in env.list("SHIP_TO_COUNTRIES", default=["US", "CA"])]

# --- Files ---------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(VAR_DIR / "media")))
# Pictures in a bucket instead (any S3-compatible store): then MEDIA_ROOT is not used.
MEDIA_S3_BUCKET = env.str("MEDIA_S3_BUCKET", "")
MEDIA_PUBLIC_URL = env.str("MEDIA_PUBLIC_URL", "").rstrip("/")
MEDIA_ORIGIN = "://".join(urlsplit(MEDIA_PUBLIC_URL)[:2]) if MEDIA_PUBLIC_URL else ""
S3: dict[str, object] = {
    "bucket_name": MEDIA_S3_BUCKET,
    "endpoint_url": env.str("MEDIA_S3_ENDPOINT", "") or None,
    "region_name": env.str("MEDIA_S3_REGION", "") or None,
    "access_key": env.str("MEDIA_S3_ACCESS_KEY", "") or None,
    "secret_key": env.str("MEDIA_S3_SECRET_KEY", "") or None,
    "custom_domain": MEDIA_PUBLIC_URL.partition("://")[2],
    "url_protocol": MEDIA_PUBLIC_URL.partition("://")[0] + ":",
    "querystring_auth": False,
    "default_acl": None,
    "object_parameters": {"CacheControl": "public, max-age=31536000, immutable"},  # names carry the content's digest
}
if MEDIA_S3_BUCKET:
    from botocore.config import Config  # only where it is needed: it is slow to import

    # Its own limits are a minute for each of five tries.
    S3["client_config"] = Config(connect_timeout=3, read_timeout=15, retries={"max_attempts": 2})
FILES = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
STORAGES = {
    "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": S3} if MEDIA_S3_BUCKET else FILES,
    "staticfiles": {"BACKEND": "ilytat.static_files.StaticFiles"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
FILE_UPLOAD_PERMISSIONS = 0o644
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

# --- Sessions, cookies, headers --------------------------------------------------------------------
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose the login on the way back from Stripe
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_AGE = 60 * 60 * 24 * 60
CSRF_FAILURE_VIEW = "ilytat.views.csrf_failure"
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"  # order links carry a token
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT > 0 else None
X_FRAME_OPTIONS = "DENY"

# --- The sandbox: stand-ins for Printify, Stripe and SendGrid, known only by URL ---------------------
SANDBOX_URL = env.str("SANDBOX_URL", "").rstrip("/")

# --- Printify (My Profile > Connections: a token with the scopes README lists) -----------------------
PRINTIFY_API_KEY = env.str("PRINTIFY_API_KEY", "")
PRINTIFY_SHOP_ID = env.str("PRINTIFY_SHOP_ID", "")
PRINTIFY_API_BASE = env.str(
    "PRINTIFY_API_BASE", f"{SANDBOX_URL}/printify" if SANDBOX_URL else "https://api.printify.com"
)
PRINTIFY_WEBHOOK_SECRET = env.str("PRINTIFY_WEBHOOK_SECRET", "")
# Only the real Printify is reached by https: there, a test-mode payment must never start production.
PRINTIFY_PRINTS_FOR_REAL = urlsplit(PRINTIFY_API_BASE).scheme == "https"
CATALOG_TTL_MINUTES = env.float("CATALOG_TTL_MINUTES", 60.0)
POLL_MINUTES = env.float("POLL_MINUTES", 20.0)
GRACE_MINUTES = env.float("GRACE_MINUTES", 30.0)
SETTLE_SECONDS = env.float("SETTLE_SECONDS", 60.0)
PRINTIFY_IMAGE_HOSTS = ["images.printify.com", "images-api.printify.com"]
IMAGE_HOSTS = env.list(
    "IMAGE_HOSTS",
    default=PRINTIFY_IMAGE_HOSTS if PRODUCTION else [*PRINTIFY_IMAGE_HOSTS, urlsplit(PRINTIFY_API_BASE).netloc],
)

# --- Stripe (dashboard > Developers > API keys, Webhooks) --------------------------------------------
STRIPE_PUBLIC_KEY = env.str("STRIPE_PUBLIC_KEY", "")
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", "")
STRIPE_WEBHOOK_SECRETS = [secret for secret in env.list("STRIPE_WEBHOOK_SECRET", default=[]) if secret]
STRIPE_API_BASE = env.str("STRIPE_API_BASE", f"{SANDBOX_URL}/stripe" if SANDBOX_URL else "https://api.stripe.com")
STRIPE_JS_URL = env.str(
    "STRIPE_JS_URL", f"{SANDBOX_URL}/stripe.js" if SANDBOX_URL else "https://js.stripe.com/endive/stripe.js"
)
STRIPE_UI_MODE = settings_checks.one_of(
    "STRIPE_UI_MODE", env.str("STRIPE_UI_MODE", "hosted_page"), ("hosted_page", "elements")
)
STRIPE_AUTOMATIC_TAX = env.bool("STRIPE_AUTOMATIC_TAX", False)
STRIPE_LIVE = STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))
STRIPE_PROMOTION_CODES = env.bool("STRIPE_PROMOTION_CODES", False)
SESSION_MINUTES = env.float("SESSION_MINUTES", 60.0)
ABANDONED_CART_MAIL = env.bool("ABANDONED_CART_MAIL", True)
MARGIN_FLOOR_PERCENT = env.float("MARGIN_FLOOR_PERCENT", 0.0)

# --- Mail: EMAIL_API_KEY set means SendGrid through Anymail, else SMTP by EMAIL_URL ------------------
EMAIL_API_KEY = env.str("EMAIL_API_KEY", "")
EMAIL_FROM = env.str("EMAIL_FROM", "ILYTAT Designs <support@ilytat.com>")
EMAIL_REPLY_TO = env.str("EMAIL_REPLY_TO", "support@ilytat.com")
# Marketing may leave under a name and from addresses of its own, so that complaints about it spoil no order's mail.
EMAIL_MARKETING_FROM = env.str("EMAIL_MARKETING_FROM", "") or EMAIL_FROM
SENDGRID_MARKETING_POOL = env.str("SENDGRID_MARKETING_POOL", "")
SENDGRID_API_URL = env.str(
    "SENDGRID_API_URL", f"{SANDBOX_URL}/sendgrid/v3/" if SANDBOX_URL else "https://api.sendgrid.com/v3/"
)
SENDGRID_WEBHOOK_PUBLIC_KEY = env.str("SENDGRID_WEBHOOK_PUBLIC_KEY", "")
STAFF_ALERTS_TO = env.list("STAFF_ALERTS_TO", default=[])
DEFAULT_FROM_EMAIL = SERVER_EMAIL = EMAIL_FROM
EMAIL_URL = env.str("EMAIL_URL", "")
if EMAIL_API_KEY:
    EMAIL_BACKEND = "notifications.delivery.EmailBackend"
elif EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
EMAIL_TIMEOUT = 10  # seconds; Django's own default is to wait for ever
ANYMAIL = {
    "SENDGRID_API_KEY": EMAIL_API_KEY,
    "SENDGRID_API_URL": SENDGRID_API_URL,
    "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": SENDGRID_WEBHOOK_PUBLIC_KEY or None,
    "REQUESTS_TIMEOUT": (5, 15),
}
# Anymail lost its SendGrid test account in 2025 and warns; our contract tests pin the wire format instead.
SILENCED_SYSTEM_CHECKS = ["anymail.W003"]

# --- Accounts (django-allauth) ----------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["ilytat.accounts.backend.Backend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account_home"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "ilytat.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "add_email": "ilytat.accounts.forms.ShopAddEmailForm",
    "login": "ilytat.accounts.forms.ShopLoginForm",
    "signup": "ilytat.accounts.forms.ShopSignupForm",
    "reset_password": "ilytat.accounts.forms.ShopResetPasswordForm",  # pragma: allowlist secret
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = "ilytat.accounts.adapter.display_name"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up, and in no other
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE  # http://127.0.0.1 of the demo
# The admin asks for a second factor. Off by default only where nothing is real.
STAFF_TWO_STEP = env.bool("STAFF_TWO_STEP", ENVIRONMENT != "development")
STAFF_IDLE_HOURS = env.float("STAFF_IDLE_HOURS", 12.0)

# --- Service calls ----------------------------------------------------------------------------------
API_TOKEN = env.str("API_TOKEN", "")

# --- Content security: nothing of anyone else on our pages ------------------------------------------
STRIPE_CHECKOUT_ORIGIN = SANDBOX_URL or "https://checkout.stripe.com"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", *([MEDIA_ORIGIN] if MEDIA_ORIGIN else [])],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "frame-ancestors": ["'none'"],
        # Chromium applies form-action to the redirect that answers the checkout form.
        "form-action": ["'self'", STRIPE_CHECKOUT_ORIGIN],
    }
}

# --- Logging: one line of JSON an event, with the request's id ----------------------------------------
LOGGING_CONFIG = "ilytat.logs.configure"
LOG_LEVEL = settings_checks.one_of(
    "LOG_LEVEL", env.str("LOG_LEVEL", "INFO").upper(), ("DEBUG", "INFO", "WARNING", "ERROR")
)
LOGGING = {"level": LOG_LEVEL, "json": env.bool("LOG_JSON", not DEBUG)}

CART_LINES_MAX = 50
QUANTITY_MAX = 20
CACHE_STALE_LIMIT = timedelta(hours=env.float("CATALOG_STALE_LIMIT_HOURS", 48.0))

settings_checks.refuse_contradictions(globals())
