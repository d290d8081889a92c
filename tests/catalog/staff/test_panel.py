"""The control panel's word and figures, and its actions: a page that tells, a POST that does it once."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from catalog import tasks
from catalog.models import PrintifyCache, Product, ProductImage, SyncChange, SyncRun
from catalog.models.curation import FieldChange, SyncPause
from catalog.printify import rate_budget
from catalog.staff import problems, status
from catalog.sync import changes, removed, runner, runs, upsert
from ilytat.integrations import alerts, limits
from ilytat.integrations.models import ApiUsage, HealthResult
from tests import factories
from tests.catalog.conftest import Upstream, tee

pytestmark = pytest.mark.django_db
PANEL = "catalog_panel"


def ran(**ago: float) -> None:
    SyncRun.objects.create(state="success", ended_at=timezone.now() - timedelta(**ago))


def shown(client: Client, name: str, *args: Any, **query: str) -> str:
    answer = client.get(reverse(f"admin:{name}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def pressed(client: Client, name: str, *args: Any, **form: str) -> str:
    """Where a button leads to, after all redirects."""
    return client.post(reverse(f"admin:{name}", args=args), form, follow=True).content.decode()


def test_the_panel_says_in_one_word_how_the_catalogue_is(staff: Any, queued: list[Any]) -> None:
    def word() -> str:
        return str(status.status().word)

    words = [word()]
    factories.running_processes()
    SyncRun.objects.create(state="failed", note="Printify: 503", ended_at=timezone.now() - timedelta(minutes=2))
    ran(minutes=5)
    words.append(word())
    ran(minutes=1)
    words.append(word())
    factories.silence("beat")
    words.append(word())
    runs.pause(staff)
    words.append(word())
    HealthResult.objects.create(name="printify", state="down", detail="503")
    words.append(word())
    runs.ask(staff)
    words.append(word())
    assert words == ["Late", "Degraded", "Fresh", "Late", "Paused", "Down", "Running"]


def test_what_is_quarantined_or_missing_or_failing_degrades_the_word() -> None:
    factories.running_processes()
    upsert.store(tee(1), timezone.now())
    ran(minutes=1)
    PrintifyCache.objects.update(error="In any words.", error_code="no_price")
    assert (str(status.status().word), status.status().tone) == ("Degraded", "warn")
    [held] = problems.held()
    assert held.cause is not None
    assert (held.title, held.product_pk, str(held.cause.name)) == (tee()["title"], Product.objects.get().pk, "No price")
    PrintifyCache.objects.update(error="", error_code="")
    assert status.status().word == "Fresh"
    hour = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=5)
    ApiUsage.objects.create(integration="printify", hour=hour, calls=100, errors=7)
    assert "7.0 %" in status.status().reason
    run = SyncRun.objects.create(state="success", ended_at=timezone.now())
    SyncChange.objects.create(run=run, printify_id="x", outcome="missing")
    alerts.open_alert(removed.VANISHED, "Many are missing.")
    missing = status.status().missing
    assert missing is not None
    assert (missing.run, missing.count, missing.alive, missing.names) == (run, 1, 1, ["x"])


def test_the_card_counts_what_staff_ask_for() -> None:
    upsert.store(tee(1), timezone.now())
    upsert.store(tee(2), timezone.now() - timedelta(days=1))
    upsert.store(tee(3, title=""), timezone.now())
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    ApiUsage.objects.create(integration="printify", hour=hour, calls=200, errors=7)
    factories.running_processes()
    factories.silence("beat")
    card = status.status()
    assert (card.for_sale, card.cached, card.stale, card.quarantined) == (2, 2, 1, 1)
    usage = card.usage
    assert (usage.calls, usage.errors, usage.error_share, card.pictures_due) == (200, 7, 3.5, 8)
    assert (usage.bars[-1].height, usage.bars[-1].failed, usage.bars[0].height) == (64, 2, 0)
    assert [problem.name for problem in card.silent] == ["beat"]
    factories.silence("orders@host", "sync@host")
    silent = [problem.name for problem in status.status().silent]
    assert silent == ["worker:sync", "beat"], "the catalog does not need the orders' worker"


def test_the_panel_opens_empty_and_full(office: Client, upstream: Upstream) -> None:
    assert "Late" in shown(office, PANEL)
    changes.choose("title", "ask")
    upstream.products = [tee(number) for number in range(1, 6)]
    runner.run()
    upstream.products = [tee(number, title="Another") for number in range(1, 6)]
    runner.run()
    page = shown(office, PANEL)
    assert page.count("Approve") == 5
    assert "style=" not in page.split('id="live"')[1]


def test_a_run_is_told_in_as_many_queries_however_much_changed(office: Client, upstream: Upstream) -> None:
    counts = []
    first = runner.run()
    assert first is not None
    shown(office, "catalog_syncrun_change", first.pk)  # content types are read once a process
    for many in (2, 8):
        upstream.products = [tee(number, title=f"Tee {many}") for number in range(1, 9)]
        runner.run()
        upstream.products = [tee(number, title="Another") for number in range(1, many + 1)] + upstream.products[many:]
        run = runner.run()
        assert run is not None
        with CaptureQueriesContext(connection) as queries:
            assert shown(office, "catalog_syncrun_change", run.pk).count("Another") >= many
        counts.append(len(queries))
    assert counts[1] <= counts[0]


def test_an_action_tells_what_it_will_do_before_it_does_it(office: Client, queued: list[Any]) -> None:
    assert "Nothing in the shop changes" in shown(office, "catalog_act", "dry")
    assert queued == []
    assert "This page follows the run" in pressed(office, "catalog_act", "dry")
    assert "Nothing more was started" in pressed(office, "catalog_act", "sync")
    run = SyncRun.objects.get()
    assert (run.state, run.dry_run) == ("queued", True)
    assert LogEntry.objects.get().change_message == "Dry run"
    assert queued == [(runs.REFRESH, ("staff",), {"request": run.pk})]


def test_pausing_twice_is_said_and_logged_once(office: Client) -> None:
    assert "Paused." in pressed(office, "catalog_act", "pause")
    assert "paused already" in pressed(office, "catalog_act", "pause")
    assert "Resume" in shown(office, PANEL)
    pressed(office, "catalog_act", "resume")
    assert not SyncPause.objects.exists()
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")] == ["Pause", "Resume"]


def test_a_run_is_cancelled_from_its_page(office: Client) -> None:
    run = runs.begin("command", dry_run=False)
    assert run is not None
    assert "Cancel" in shown(office, "catalog_syncrun_change", run.pk)
    assert "Cancelled" in pressed(office, "catalog_act_on", "cancel", run.pk)
    assert "ended already" in pressed(office, "catalog_act_on", "cancel", run.pk)


def test_without_a_broker_the_button_says_so(office: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "send", lambda *_given, **_named: False)
    assert "broker cannot be reached" in pressed(office, "catalog_act", "sync")


def test_who_may_only_look_can_do_nothing(client: Client, queued: list[Any]) -> None:
    user = get_user_model().objects.create_user(email="looker@ilytat.test", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_syncrun"))
    client.force_login(user)
    page = shown(client, PANEL)
    assert reverse("admin:catalog_act", args=["sync"]) not in page
    assert "Save policies" not in page
    upsert.store(tee(), timezone.now())
    change = FieldChange.objects.create(product=Product.objects.get(), field="title", state="waiting")
    for name, args in (
        ("catalog_act", ["sync"]),
        ("catalog_policies", []),
        ("catalog_decide", [change.pk, "approve"]),
        ("catalog_sync_one", ["x"]),
    ):
        assert client.post(reverse(f"admin:{name}", args=args)).status_code == 403
    assert queued == []


@pytest.mark.parametrize("name", ["catalog_policies", "catalog_sync_one"])
def test_looking_does_nothing(office: Client, name: str) -> None:
    args = ["x"] if name == "catalog_sync_one" else []
    assert office.get(reverse(f"admin:{name}", args=args)).status_code == 405


def test_actions_need_their_token(office: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = office.cookies
    assert strict.post(reverse("admin:catalog_act", args=["sync"])).status_code == 403


def test_what_is_shown_moves_while_a_run_does(office: Client, queued: list[Any]) -> None:
    run, _ = runs.ask(get_user_model().objects.get())
    assert 'data-every="1500"' in shown(office, "catalog_panel_live")
    runs.begin("staff", dry_run=False, request=run.pk)
    SyncRun.objects.update(
        total=200, seen=50, calls=2, current="Kind tee", started_at=timezone.now() - timedelta(seconds=9)
    )
    page = shown(office, "catalog_run_live", run.pk)
    for words in ("50 of 200", "Kind tee", "2 calls", "about 2"):
        assert words in page
    SyncRun.objects.update(state="success", ended_at=timezone.now())
    assert 'data-every="0"' in shown(office, "catalog_run_live", run.pk)


def test_a_run_tells_each_product_its_cause_and_its_differences(
    office: Client, upstream: Upstream, queued: list[Any]
) -> None:
    upstream.products = [tee(), tee(2)]
    runner.run()
    said = tee(title="Another tee")
    for variant in said["variants"]:
        variant["price"] += 300
    upstream.products = [said, tee(2, title=""), tee(3)]
    run = runner.run()
    assert run is not None
    page = shown(office, "catalog_syncrun_change", run.pk)
    for words in ("Another tee", "$24.99", "$27.99", "margin", "No title", "Retry this", "Retry all failed"):
        assert words in page
    assert "No title" not in shown(office, "catalog_syncrun_change", run.pk, outcome="changed")
    pressed(office, "catalog_act_on", "retry", run.pk)
    assert SyncRun.objects.get(state="queued").only == [tee(2)["id"]]


def test_dry_run_difference_approval_and_revert_by_the_buttons(
    office: Client, upstream: Upstream, queued: list[Any]
) -> None:
    upstream.products = [tee()]
    runner.run()
    pressed(office, "catalog_policies", title="ask", price="nonsense")
    assert changes.policies()["title"] == "ask"
    upstream.products = [tee(title="Another tee")]
    pressed(office, "catalog_act", "dry")
    dry = SyncRun.objects.get(state="queued")
    tasks.refresh("staff", request=dry.pk)
    page = shown(office, "catalog_syncrun_change", dry.pk)
    assert "Another tee" in page
    assert "Apply" in page
    assert Product.objects.get().title != "Another tee"
    pressed(office, "catalog_act_on", "apply", dry.pk)
    tasks.refresh("staff", request=SyncRun.objects.get(state="queued").pk)
    change = FieldChange.objects.get(state="waiting")
    assert "Taken over" in pressed(office, "catalog_decide", change.pk, "approve")
    assert "decided already" in pressed(office, "catalog_decide", change.pk, "approve")
    assert Product.objects.get().title == "Another tee"
    pressed(office, "catalog_decide", change.pk, "revert", next="https://elsewhere.example/")
    assert Product.objects.get().title == tee()["title"]


def test_the_missing_are_decided_about_on_a_page_that_names_them(office: Client) -> None:
    for number in (1, 2):
        upsert.store(tee(number, title=f"Tee {number}"), timezone.now())
    PrintifyCache.objects.update(fetched_at=timezone.now() - timedelta(hours=1))
    run = SyncRun.objects.create(state="partial", ended_at=timezone.now())
    for product in Product.objects.all():
        SyncChange.objects.create(run=run, product=product, printify_id=product.printify_id, outcome="missing")
    alerts.open_alert(removed.VANISHED, "Many are missing.")
    assert "Many products are missing" in shown(office, PANEL)
    upsert.store(tee(3, title="Tee 3"), timezone.now())
    assert "Tee 2" in shown(office, "catalog_act_on", "missing", run.pk)
    upsert.store(tee(2, title="Seen again"), timezone.now())
    assert "1 product hidden" in pressed(office, "catalog_act_on", "missing", run.pk)
    assert set(Product.objects.for_sale().values_list("upstream_title", flat=True)) == {"Seen again", "Tee 3"}
    assert "None of them" in pressed(office, "catalog_act_on", "missing", run.pk)


def test_the_missing_are_declined_on_the_page_beside(office: Client) -> None:
    upsert.store(tee(title="Tee one"), timezone.now())
    run = SyncRun.objects.create(state="partial", ended_at=timezone.now())
    SyncChange.objects.create(run=run, product=Product.objects.get(), printify_id=tee()["id"], outcome=removed.MISSING)
    alerts.open_alert(removed.VANISHED, "Many are missing.")
    page = shown(office, PANEL)
    for words in ("did not see 1 of 1", "Tee one", "Approve: hide them", "Decline: keep them"):
        assert words in page
    assert reverse("admin:catalog_act_on", args=["stay", run.pk]) in shown(office, "catalog_act_on", "missing", run.pk)
    assert "1 product stays" in pressed(office, "catalog_act_on", "stay", run.pk)
    assert "decided already" in pressed(office, "catalog_act_on", "stay", run.pk)
    assert "Decline: keep them" not in shown(office, PANEL)
    assert Product.objects.for_sale().exists()


def test_the_panel_tells_when_calls_are_paused_and_when_errors_slow_the_sync(office: Client) -> None:
    def tell(errors: int) -> str:
        ApiUsage.objects.all().delete()
        hour = timezone.now().replace(minute=0, second=0, microsecond=0)
        ApiUsage.objects.create(integration="printify", hour=hour, calls=100, errors=errors)
        return shown(office, PANEL)

    factories.running_processes()
    ran(minutes=1)
    assert "Too many errors" not in tell(5)
    assert "slowed to 20 calls a minute" in tell(6)
    assert "starts no run" in tell(30)
    assert "Calls are paused" not in shown(office, PANEL)
    limits.pause(rate_budget.ACCOUNT, 60, "Printify answered 429")
    page = shown(office, PANEL)
    assert "Calls are paused" in page
    assert "0 of 100, 480 more each minute" in page
    assert status.status().reason.startswith("Printify answered 429. Calls go on at")


def test_the_panel_names_pictures_that_fail_with_host_reason_and_next_try(office: Client) -> None:
    assert "could not be fetched" not in shown(office, PANEL)
    for number in (1, 2):
        upsert.store(tee(number, title=f"Tee {number}"), timezone.now())
    fetched, bare = Product.objects.order_by("pk")
    ProductImage.objects.filter(product=fetched, position=0).update(digest="d", files={"400": "products/a-400.webp"})
    retry_at = timezone.now() + timedelta(minutes=5)
    failed = ProductImage.objects.filter(digest="")
    failed.update(error="the host answered 503", failures=2, retry_at=retry_at)
    assert [row.product_id for row in problems.failing_pictures()] == [bare.pk] * 4 + [fetched.pk]
    page = shown(office, PANEL)
    assert "<strong>images.printify.com:</strong> the host answered 503." in page
    assert f"Failed 2 times in a row; next try at {timezone.localtime(retry_at):%H:%M}." in page
    assert page.count("This product has no picture at all.") == 4
