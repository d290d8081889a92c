"""Pages as a browser meets them: gunicorn with two workers of eight threads, EIGHT visitors at once."""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import requests

from bench.figures import middle_and_tail, table
from ilytat.devserver import processes
from ilytat.devserver.processes import HOST, Process

SECONDS, VISITORS = 6.0, 8


def visit(url: str) -> list[float]:
    took, end = [], time.monotonic() + SECONDS
    with requests.Session() as session:
        while time.monotonic() < end:
            began = time.monotonic()
            session.get(url, timeout=60).raise_for_status()
            took.append(time.monotonic() - began)
    return took


def measured(base: str, path: str) -> Sequence[object]:
    requests.get(base + path, timeout=60)
    with ThreadPoolExecutor(VISITORS) as pool:
        took = [each for one in pool.map(visit, [base + path] * VISITORS) for each in one]
    return [path, len(took) / SECONDS, *middle_and_tail(took)]


def a_product(base: str) -> str:
    items = requests.get(f"{base}/api/products", timeout=60).json()["items"]
    return urlsplit(str(items[0]["url"])).path


def main() -> None:
    port = processes.free_port()
    base = f"http://{HOST}:{port}"
    with tempfile.TemporaryDirectory() as folder:
        server = Process("web", processes.web_server(port), os.environ, Path(folder) / "log")
        try:
            processes.wait_for_port(server, port)
            rows = [measured(base, path) for path in ("/", "/products/", a_product(base), "/cart/")]
        finally:
            server.end()
    sys.stdout.write(f"  {VISITORS} visitors at once\n")
    table(("", "requests/s", "median ms", "p95 ms"), rows)


if __name__ == "__main__":
    main()
