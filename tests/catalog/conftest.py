"""A Printify of this test's own, at the HTTP edge: it pages, finds, takes publishing answers, and can misbehave."""

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import translation
from PIL import Image

from catalog import availability
from catalog.models import SyncRun
from catalog.printify.client import printify
from catalog.sync import removed, runs
from ilytat.integrations import limits
from tests.payloads import payload

Answer = tuple[int, dict[str, str], str]
Product = dict[str, Any]
SHOP = "https://api.printify.com/v1/shops/1001"


@pytest.fixture(autouse=True)
def _rested() -> Iterator[None]:
    """Budget, breaker and client are the process's: no test may inherit them."""
    limits.local_limiter.cache_clear()
    limits.shared_limiter.cache_clear()
    printify.cache_clear()
    availability._silent_until = 0.0
    yield
    printify.cache_clear()


@pytest.fixture(autouse=True)
def _kept_shelf(settings: LazySettings) -> None:
    settings.MIDDLEWARE = ["tests.catalog.indexing.IndexBeforeRequest", *settings.MIDDLEWARE]


@pytest.fixture(autouse=True)
def _own_media(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """A page asked for in French leaves the thread French."""
    with translation.override("en"):
        yield


def awaits_staff(run: SyncRun) -> bool:
    """Whether what the run missed is still to be confirmed or declined."""
    return run.changes.filter(outcome=removed.MISSING).exists()


def tee(number: int = 1, **changes: Any) -> Product:
    """The tee, or another product like it."""
    return payload("printify/product_tee", id=f"6712f0c2a1b2c3d4e5f6{number:04d}", **changes)


def page_of(products: list[Any], number: int = 1, per_page: int = 50) -> dict[str, Any]:
    data = products[(number - 1) * per_page : number * per_page]
    last = max(1, -(-len(products) // per_page))
    return {"current_page": number, "data": data, "last_page": last, "per_page": per_page, "total": len(products)}


@dataclass
class Upstream:
    """`per_page` is small where a test wants many pages; `pages` overrides single ones: a body, a status, an error."""

    products: list[Any] = field(default_factory=list)
    per_page: int = 50
    pages: dict[int, Any] = field(default_factory=dict)
    single: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    answered: list[tuple[str, str, Any]] = field(default_factory=list)

    def listing(self, request: requests.PreparedRequest) -> Answer:
        number = int(parse_qs(urlsplit(str(request.url)).query)["page"][0])
        self.calls.append(f"page {number}")
        return _answer(self.pages.get(number, page_of(self.products, number, self.per_page)))

    def one(self, request: requests.PreparedRequest) -> Answer:
        key = str(request.url).rsplit("/", 1)[1].removesuffix(".json")
        self.calls.append(key)
        found = next((item for item in self.products if isinstance(item, dict) and item.get("id") == key), 404)
        return _answer(self.single.get(key, found))

    def publishing(self, request: requests.PreparedRequest) -> Answer:
        *_, key, verb = str(request.url).split("/")
        self.answered.append((key, verb.removesuffix(".json"), json.loads(request.body or b"{}")))
        for item in self.products:
            if item["id"] == key:
                item["is_locked"] = False
        return _answer({})


def _answer(body: Any) -> Answer:
    if isinstance(body, Exception):
        raise body
    if isinstance(body, tuple):
        return body[0], {}, json.dumps(body[1])
    if isinstance(body, int):
        return body, {}, json.dumps({"error": "Not found"})
    return 200, {}, body if isinstance(body, str) else json.dumps(body)


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    shelf = Upstream()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("GET", re.compile(re.escape(f"{SHOP}/products.json")), callback=shelf.listing)
        mock.add_callback("GET", re.compile(re.escape(SHOP) + r"/products/[^/]+\.json"), callback=shelf.one)
        mock.add_callback("POST", re.compile(re.escape(SHOP) + r"/products/.*/publishing_\w+\.json"), shelf.publishing)
        mock.get(re.compile(r"https://api.printify.com/v2/catalog/.*"), json={"data": []})
        yield shelf


@pytest.fixture
def drawn() -> Callable[..., bytes]:
    """Makes the bytes of a picture file."""

    def draw(width: int = 1300, height: int = 1300, kind: str = "JPEG", mode: str = "RGB") -> bytes:
        buffer = io.BytesIO()
        Image.new(mode, (width, height), "orange").save(buffer, kind)
        return buffer.getvalue()

    return draw


@pytest.fixture
def quick(settings: LazySettings) -> LazySettings:
    """Everything kept is stale at once."""
    settings.CATALOG_TTL_MINUTES = 0.0
    return settings


@pytest.fixture
def staff() -> Any:
    return get_user_model().objects.create_superuser(email="staff@ilytat.test", password="x")


@pytest.fixture
def office(client: Client, staff: Any) -> Client:
    """Staff's browser, signed in."""
    client.force_login(staff)
    return client


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would have been asked of the worker."""
    asked: list[Any] = []

    def ask(task: str, *given: object, **named: object) -> bool:
        asked.append((task, given, named))
        return True

    monkeypatch.setattr(runs, "send", ask)
    return asked
