"""`make chaos`: every story, on a PostgreSQL and a Redis of its own where the machine has them and none is given."""

import os
import subprocess
import sys
from contextlib import ExitStack, closing

from tests import servers

# They take their time when asked for everything.
IN_MEMORY = ["tests/payments/test_orderings.py", "tests/payments/test_totals.py"]


def main() -> int:
    with ExitStack() as ours:
        env = dict(os.environ) | {"CHAOS": "full"}
        given = {"DATABASE_URL", "REDIS_URL"} & {name for name, value in env.items() if value}
        if not given and servers.installed():
            postgres = ours.enter_context(closing(servers.Postgres()))
            broker = ours.enter_context(closing(servers.Redis()))
            postgres.create("shop")
            env |= {"DATABASE_URL": f"{postgres.url}/shop", "REDIS_URL": f"{broker.url}/0"}
        words = sys.argv[1:] or ["tests/chaos", *IN_MEMORY]
        return subprocess.run([sys.executable, "-m", "pytest", *words], env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
