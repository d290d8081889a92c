"""Every measurement on every database there is: SQLite, and the PostgreSQL of DATABASE_URL.

Each runs as a process of its own, because peak memory is a process's. BENCH_PRODUCTS, BENCH_VARIANTS and BENCH_SHELF
make it smaller.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import databases

PARTS = ("sync", "shelf", "pages")
# Nothing of any provider is heard; the stand-ins' addresses are set by the parts.
SETTINGS = {
    "ENV_FILE": os.devnull,
    "ENVIRONMENT": "development",
    "SITE_URL": "http://127.0.0.1:8000",
    "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
    "CELERY_BROKER_URL": "memory://",
    "PRINTIFY_API_KEY": "printify-key-for-measuring",  # pragma: allowlist secret
    "PRINTIFY_SHOP_ID": "1001",
    "PRINTIFY_WEBHOOK_SECRET": "printify-secret-for-measuring",  # pragma: allowlist secret
    "LOG_LEVEL": "ERROR",
    "DJANGO_SETTINGS_MODULE": "ilytat.settings",
}
HEARD = ("PATH", "HOME", "LANG", "TMPDIR", "BENCH_PRODUCTS", "BENCH_VARIANTS", "BENCH_SHELF", "REDIS_URL")


def main() -> int:
    heard = {name: os.environ[name] for name in HEARD if name in os.environ}
    wanted = sys.argv[1:] or PARTS
    with tempfile.TemporaryDirectory(prefix="ilytat-bench-") as folder:
        for name, database in databases.each(Path(folder)):
            with database as url:
                env = heard | SETTINGS | {"DATABASE_URL": url, "MEDIA_ROOT": str(Path(folder) / "media")}
                for words in (["migrate"], ["collectstatic", "--no-input"]):
                    subprocess.run([sys.executable, "manage.py", *words, "-v0"], env=env, check=True)  # noqa: S603 (our own)
                for part in wanted:
                    sys.stdout.write(f"\n{part}, {name}\n")
                    sys.stdout.flush()
                    subprocess.run([sys.executable, "-m", f"bench.{part}"], env=env, check=True)  # noqa: S603 (our own)
    return 0


if __name__ == "__main__":
    sys.exit(main())
