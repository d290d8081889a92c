import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db.migrations.executor import MigrationExecutor

from catalog.models import Product, ProductImage
from ilytat.integrations import health, inbox, readiness, webhook_subscriptions
from ilytat.integrations.models import HealthResult
from tests.catalog.conftest import SHOP, Upstream, tee

pytestmark = pytest.mark.django_db

HOOKS = f"{SHOP}/webhooks.json"
OUR_ADDRESS = "http://testserver/api/webhooks/printify"


def said(*command: str) -> str:
    out = io.StringIO()
    call_command(*command, stdout=out, no_color=True)
    return out.getvalue()


def test_refresh_catalog_reads_everything_and_says_so(upstream: Upstream) -> None:
    upstream.products = [tee(1, images=[]), tee(2, images=[])]
    lines = said("refresh_catalog").splitlines()
    assert (lines[0], lines[-1]) == ("success: 2 of 2 read, 2 created", "pictures: 0 fetched, 0 failed, 0 left")


def test_a_dry_run_writes_nothing(upstream: Upstream) -> None:
    upstream.products = [tee()]
    assert "dry run, nothing written: 1 of 1 read, 1 created" in said("refresh_catalog", "--dry-run")
    assert not Product.objects.exists()


def test_one_product_by_printifys_id_and_by_ours(upstream: Upstream) -> None:
    upstream.products = [tee(images=[])]
    assert "created" in said("refresh_catalog", "--product", tee()["id"])
    assert "unchanged" in said("refresh_catalog", "--product", str(Product.objects.get().pk))


def test_what_could_not_be_read_ends_with_an_error(upstream: Upstream) -> None:
    upstream.pages[1] = 503
    with pytest.raises(CommandError, match="not read completely"):
        said("refresh_catalog")


@pytest.mark.parametrize(
    ("answer", "message"), [(404, "has no product"), (503, "503"), (tee(title=""), "title is missing")], ids=str
)
def test_one_product_that_could_not_be_read_ends_with_an_error(upstream: Upstream, answer: Any, message: str) -> None:
    upstream.single[tee()["id"]] = answer
    with pytest.raises(CommandError, match=message):
        said("refresh_catalog", "--product", tee()["id"])


def test_pictures_can_be_left_to_the_worker(upstream: Upstream) -> None:
    upstream.products = [tee()]
    assert "pictures" not in said("refresh_catalog", "--no-images")
    assert ProductImage.objects.filter(digest="").count() == 4


@pytest.fixture
def hooks(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.RequestsMock]:
    settings.PRINTIFY_PRINTS_FOR_REAL = False
    monkeypatch.setattr(webhook_subscriptions, "_providers", {})  # Printify's only
    with responses.RequestsMock() as mock:
        yield mock


def hook(topic: str, url: str = OUR_ADDRESS, number: int = 1) -> dict[str, Any]:
    return {"id": f"h{number}", "topic": topic, "url": url, "shop_id": "1001"}


def subscribed() -> list[dict[str, Any]]:
    return [hook(topic, number=number) for number, topic in enumerate(inbox.types("printify"))]


def posted(mock: responses.RequestsMock) -> list[str]:
    return [str(call.request.url) for call in mock.calls if call.request.method != "GET"]


def test_every_topic_the_shop_listens_to_is_subscribed_once(hooks: responses.RequestsMock) -> None:
    hooks.get(HOOKS, json=[])
    hooks.post(HOOKS, json={})
    topics = inbox.types("printify")
    assert f"{len(topics)} made" in said("register_webhooks")
    assert len(posted(hooks)) == len(topics) == 10


def test_what_is_there_already_stays(hooks: responses.RequestsMock) -> None:
    hooks.get(HOOKS, json=subscribed())
    said("register_webhooks")
    assert posted(hooks) == []


def test_another_scheme_of_this_address_is_removed_and_other_hosts_are_left(
    hooks: responses.RequestsMock,
) -> None:
    secure = hook("order:updated", "https://testserver/api/webhooks/printify", 22)
    staging = hook("order:updated", "https://staging.example/api/webhooks/printify", 24)
    hooks.get(HOOKS, json=[*subscribed(), secure, staging])
    hooks.delete(f"{SHOP}/webhooks/h22.json?host=testserver", json={"id": "h22"})
    output = said("register_webhooks")
    assert "left alone: order:updated https://staging.example/api/webhooks/printify" in output


def test_a_topic_that_came_twice_is_created_again_before_both_are_removed(hooks: responses.RequestsMock) -> None:
    """One of the two may have an earlier secret: a renewal may have ended before it removed it."""
    topics = inbox.types("printify")
    hooks.get(HOOKS, json=[*subscribed(), hook(topics[0], number=23)])
    hooks.post(HOOKS, json={})
    removed = [f"{SHOP}/webhooks/h{number}.json?host=testserver" for number in (0, 23)]
    for address in removed:
        hooks.delete(address, json={})
    said("register_webhooks")
    assert posted(hooks) == [HOOKS, *removed]


def test_a_renewal_that_cannot_create_removes_nothing(hooks: responses.RequestsMock) -> None:
    hooks.get(HOOKS, json=subscribed())
    hooks.post(HOOKS, status=400, json={})
    with pytest.raises(CommandError, match="Printify"):
        said("register_webhooks", "--renew", "printify")
    assert posted(hooks) == [HOOKS]


def test_an_earlier_address_is_replaced_only_when_it_is_named(hooks: responses.RequestsMock) -> None:
    old = hook("order:updated", "https://old.example:8443/api/webhooks/printify", 22)
    foreign = hook("order:updated", "https://old.example:8443/books", 23)
    hooks.get(HOOKS, json=[*subscribed(), old, foreign])
    said("register_webhooks")
    assert posted(hooks) == []
    removed = f"{SHOP}/webhooks/h22.json?host=old.example%3A8443"
    hooks.delete(removed, json={"id": "h22"})
    said("register_webhooks", "--replace", "https://old.example:8443/")
    assert posted(hooks) == [removed]


@pytest.mark.parametrize("address", ["old.example", "ftp://old.example", "https://", "http://[old"])
def test_an_earlier_address_that_is_not_a_whole_one_is_refused(settings: LazySettings, address: str) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = False
    with pytest.raises(CommandError, match="whole address"):
        said("register_webhooks", "--replace", address)


def test_subscriptions_behind_those_of_another_application_are_not_made_again(hooks: responses.RequestsMock) -> None:
    """Printify's default page is ten, and a limit that is cut down must not end the reading."""
    foreign = [hook("order:updated", f"https://books.example/{number}", 30 + number) for number in range(15)]
    rows = [*foreign, *subscribed()]

    def page(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        asked = parse_qs(urlsplit(str(request.url)).query)
        limit, number = min(int(asked["limit"][0]), 10), int(asked["page"][0])
        return 200, {}, json.dumps(rows[(number - 1) * limit : number * limit])

    hooks.add_callback("GET", HOOKS, callback=page)
    assert "10 were there, 0 made" in said("register_webhooks")
    assert "limit=100" in str(hooks.calls[0].request.url)
    assert posted(hooks) == []


def test_a_new_secret_makes_them_all_anew(hooks: responses.RequestsMock) -> None:
    hooks.get(HOOKS, json=[hook("order:updated")])
    hooks.delete(f"{SHOP}/webhooks/h1.json?host=testserver", json={"id": "h1"})
    hooks.post(HOOKS, json={})
    said("register_webhooks", "--renew", "printify")
    assert len(posted(hooks)) == 11


def test_the_real_printify_is_not_given_an_address_it_cannot_reach(settings: LazySettings) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = True
    with pytest.raises(CommandError, match="public https"):
        said("register_webhooks")


def test_the_doctor_lists_every_part_and_fails_while_one_is_down(settings: LazySettings) -> None:
    settings.PRINTIFY_API_KEY = ""
    settings.STRIPE_SECRET_KEY = ""
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("doctor", stdout=out, no_color=True)
    rows = {line.split()[0]: line.split()[1] for line in out.getvalue().splitlines()}
    assert {"settings", "database", "migrations", "broker", "files", "printify", "catalogue"} <= set(rows)
    assert (rows["database"], rows["migrations"], rows["printify"]) == ("ok", "ok", "warn")


def test_the_doctor_says_each_part_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        health, "run_checks", lambda _checks: {"printify": health.Verdict("warn", "Bad Gateway\n\n  nginx")}
    )
    monkeypatch.setattr(
        readiness, "run_checks", lambda _checks: {"beat": readiness.Finding("warn", "Silent.", "Start it.")}
    )
    out = io.StringIO()
    call_command("doctor", stdout=out, no_color=True)
    assert "beat                 warn  Silent. Start it.\n" in out.getvalue()
    assert "printify             warn  Bad Gateway nginx\n" in out.getvalue()
    assert out.getvalue().endswith("Nothing here stops the shop from working.\n")


def test_the_doctor_of_an_empty_database_asks_for_its_tables_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: ["one", "two"])
    monkeypatch.setattr(HealthResult, "objects", None)
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 of these"):
        call_command("doctor", stdout=out, no_color=True)
    assert "migrations           down  2 not applied: run migrate\n" in out.getvalue()
    assert out.getvalue().splitlines()[-1].startswith("other checks         warn  not run")


def test_sweep_works_on_what_is_due_without_a_worker(upstream: Upstream) -> None:
    upstream.products = [tee()]
    payload = {"id": "e1", "resource": {"id": tee()["id"], "data": {"shop_id": 1001}}}
    inbox.receive("printify", "e1", "product:created", payload)
    assert "1 worked on, 0 need attention" in said("sweep")
    assert Product.objects.exists()
