"""The catalogue's synchronisation over HTTP: 2,000 products of 100 variants, twice. The second finds nothing new."""

import os
import re
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
from django.db import connection

from bench.figures import table
from ilytat.devserver import processes
from ilytat.devserver.processes import HOST, Process

PRODUCTS = int(os.environ.get("BENCH_PRODUCTS", "2000"))
VARIANTS = int(os.environ.get("BENCH_VARIANTS", "100"))
WRITES = re.compile(r'(?:INSERT INTO|INSERT OR IGNORE INTO|UPDATE|DELETE FROM) "(\w+)"')


class Writes:
    """Statements that write, by table."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 (Django calls it by place)
        if found := WRITES.match(sql):
            self.seen[found[1]] += 1
        return execute(sql, params, many, context)


def measured(name: str) -> list[object]:
    from catalog.sync import runner  # late: Django must be set up

    writes, began, busy = Writes(), time.monotonic(), time.process_time()
    with connection.execute_wrapper(writes):
        run = runner.run("command")
    if run is None or run.state != "success":
        sys.exit(f"The run failed: {run and run.note}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    own = writes.seen["catalog_product"] + writes.seen["catalog_variant"]
    return [name, time.monotonic() - began, time.process_time() - busy, peak, own, writes.seen.total()]


def main() -> None:
    port = processes.free_port()
    os.environ["PRINTIFY_API_BASE"] = f"http://{HOST}:{port}"
    command = [sys.executable, "-m", "bench.printify", str(port), str(PRODUCTS), str(VARIANTS)]
    with tempfile.TemporaryDirectory() as folder:
        server = Process("printify", command, os.environ, Path(folder) / "log")
        try:
            processes.wait_for_port(server, port)
            django.setup()
            rows = [measured(name) for name in ("first run", "second run, unchanged")]
        finally:
            server.end()
    sys.stdout.write(f"  {PRODUCTS} products of {VARIANTS} variants\n")
    table(("", "seconds", "of CPU", "peak MB", "writes to products and variants", "all writes"), rows)


if __name__ == "__main__":
    main()
