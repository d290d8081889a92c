"""Settings of the sandbox process. Other sandbox modules import the typed names below straight from here."""

from pathlib import Path

import environ

env = environ.Env()
HERE = Path(__file__).resolve().parent

STORE = Path(env.str("SANDBOX_STORE", default=str(HERE.parent.parent / "var" / "sandbox.sqlite3")))
SANDBOX_URL: str = env.str("SANDBOX_URL", default="http://127.0.0.1:8001").rstrip("/")
SHOP_URL: str = env.str("SHOP_URL", default="http://127.0.0.1:8000").rstrip("/")
# Waits between deliveries are divided by this: 20 makes five seconds a quarter of one.
SPEED: float = env.float("SANDBOX_SPEED", default=1.0)

# A key left empty accepts any: the first start has no accounts. A key that is set refuses all others.
PRINTIFY_API_KEY: str = env.str("PRINTIFY_API_KEY", default="")
PRINTIFY_SHOP_ID: int = env.int("PRINTIFY_SHOP_ID", default=1001)
STRIPE_SECRET_KEY: str = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRETS: list[str] = [s for s in env.str("STRIPE_WEBHOOK_SECRET", default="").split(",") if s]
EMAIL_API_KEY: str = env.str("EMAIL_API_KEY", default="")

# Seconds after its creation in which an order is refused by send_to_production with 8502.
PROCESSING_SECONDS: float = env.float("SANDBOX_PROCESSING_SECONDS", default=0)
# Seconds for which a new order stays pending; with 0 the next reading finds it on hold.
PENDING_SECONDS: float = env.float("SANDBOX_PENDING_SECONDS", default=0)
# "manual" waits for send_to_production; "auto" sends by itself APPROVAL_SECONDS after creation.
APPROVAL: str = env.str("SANDBOX_APPROVAL", default="manual")
APPROVAL_SECONDS: float = env.float("SANDBOX_APPROVAL_SECONDS", default=3600)
# Requests a minute (publish: in half an hour), per account.
RATE_ALL: int = env.int("SANDBOX_RATE_ALL", default=600)
RATE_CATALOG: int = env.int("SANDBOX_RATE_CATALOG", default=100)
RATE_PUBLISH: int = env.int("SANDBOX_RATE_PUBLISH", default=200)

# "demo" fills the shop with the demo catalogue, "none" leaves it empty.
CATALOGUE: str = env.str("SANDBOX_CATALOGUE", default="demo")
# Drawn product pictures are kept here; several stores may share one folder.
MOCKUPS = Path(env.str("SANDBOX_MOCKUPS", default=str(STORE.parent / "mockups")))

# What Django wants to know. The key signs nothing here.
SECRET_KEY = env.str("SECRET_KEY", default="sandbox: signs nothing")
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "sandbox.urls"
WSGI_APPLICATION = "sandbox.wsgi.application"
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "UTC"
DATA_UPLOAD_MAX_MEMORY_SIZE = 40 * 1024 * 1024
INSTALLED_APPS: list[str] = []
MIDDLEWARE = ["sandbox.deliveries.running", "sandbox.pages.headers"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "OPTIONS": {"context_processors": ["sandbox.pages.addresses"]},
    }
]
