"""Printify's product list over HTTP, as a process of its own: `python -m bench.printify PORT PRODUCTS VARIANTS`."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from bench import goods


def page(number: int, size: int, products: int, variants: int) -> bytes:
    here = range((number - 1) * size, min(number * size, products))
    told = {
        "current_page": number,
        "data": [goods.made(each, variants) for each in here],
        "last_page": -(-products // size),
        "per_page": size,
        "total": products,
    }
    return json.dumps(told).encode()


def main() -> None:
    port, products, variants = map(int, sys.argv[1:])

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            body = page(int(asked.get("page", ["1"])[0]), int(asked.get("limit", ["10"])[0]), products, variants)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    ThreadingHTTPServer(("127.0.0.1", port), Answers).serve_forever()


if __name__ == "__main__":
    main()
