from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from catalog.models import PrintifyCache, Product
from catalog.sync import publishing, runner
from ilytat.integrations import alerts
from ilytat.integrations.errors import Unavailable
from ilytat.integrations.models import Alert, SyncLog
from tests.catalog.conftest import Upstream, tee
from tests.results import result_of

pytestmark = pytest.mark.django_db


def locked(upstream: Upstream, **changes: Any) -> str:
    upstream.products = [tee(is_locked=True, **changes)]
    runner.refresh_product(tee()["id"])
    return str(tee()["id"])


def test_a_locked_product_is_answered_with_our_id_and_address(upstream: Upstream, settings: LazySettings) -> None:
    key = locked(upstream)
    assert publishing.answer_all() == 1
    product = Product.objects.get()
    handle = f"{settings.SITE_URL}/products/{product.slug}/"
    said = {"external": {"id": str(product.pk), "handle": handle}}
    assert upstream.answered == [(key, "publishing_succeeded", said)]
    assert not product.is_locked
    assert publishing.answer_all() == 0


def test_one_that_cannot_be_sold_is_refused_with_the_reason(upstream: Upstream) -> None:
    key = locked(upstream, variants=[])
    publishing.answer_all()
    assert upstream.answered == [(key, "publishing_failed", {"reason": "No variant is enabled."})]


def test_one_in_quarantine_is_refused_with_its_reason(upstream: Upstream) -> None:
    key = locked(upstream, title="")
    publishing.answer_all()
    assert upstream.answered == [(key, "publishing_failed", {"reason": "title is missing"})]


def test_one_that_went_bad_while_it_was_locked_is_answered_too_without_any_event(upstream: Upstream) -> None:
    upstream.products = [tee()]
    runner.run("test")
    upstream.products = [tee(is_locked=True, variants="none")]
    runner.run("test")
    assert publishing.answer_all() == 1
    assert upstream.answered == [(tee()["id"], "publishing_failed", {"reason": "variants are missing"})]
    upstream.products = [tee()]
    runner.run("test")
    assert publishing.answer_all() == 0


def test_one_that_was_never_good_is_answered_once_it_is_locked(upstream: Upstream) -> None:
    for is_locked in (False, True):
        upstream.products = [tee(is_locked=is_locked, title="")]
        runner.run("test")
    assert publishing.answer_all() == 1
    assert publishing.answer_all() == 0


def test_a_hidden_product_is_answered_stays_hidden_and_staff_are_told(upstream: Upstream) -> None:
    locked(upstream)
    Product.objects.update(hidden=True)
    publishing.answer_all()
    assert Product.objects.get().hidden
    assert "hidden in the shop" in Alert.objects.get().message


def test_while_printify_is_down_the_answer_waits_for_the_next_round(upstream: Upstream) -> None:
    key = locked(upstream)
    upstream.single[key] = 503
    with pytest.raises(Unavailable):
        publishing.answer(key)
    assert publishing.answer_all() == 0
    del upstream.single[key]
    assert publishing.answer_all() == 1


def test_one_that_is_gone_is_not_answered(upstream: Upstream) -> None:
    key = locked(upstream)
    upstream.products = []
    assert result_of(publishing.answer(key)) == ("late", "The product is gone.")
    assert upstream.answered == []


def test_unpublishing_hides_and_leaves_a_trace(upstream: Upstream) -> None:
    upstream.products = [tee()]
    runner.refresh_product(tee()["id"])
    before = timezone.now()
    assert publishing.unpublished(tee()["id"]).outcome == "handled"
    assert not Product.objects.for_sale().exists()
    assert Product.objects.get().synced_at > before
    assert SyncLog.objects.filter(action="publishing", outcome="hidden").exists()
    assert publishing.unpublished(tee()["id"]).outcome == "duplicate"


def noted() -> list[tuple[str, str, str]]:
    """Product, outcome and detail of each entry, the oldest first."""
    rows = SyncLog.objects.filter(integration="printify", action="publishing").order_by("pk")
    return list(rows.values_list("reference", "outcome", "detail"))


def test_each_answer_is_logged_with_its_product_and_its_reason(upstream: Upstream) -> None:
    key = locked(upstream)
    publishing.answer_all()
    locked(upstream, variants=[])
    assert result_of(publishing.answer(key)) == ("handled", "publishing_failed: No variant is enabled.")
    assert noted() == [
        (key, "ok", "publishing_succeeded"),
        (key, "failed", "publishing_failed: No variant is enabled."),
    ]


def test_an_answer_that_did_not_get_through_is_logged(upstream: Upstream) -> None:
    key = locked(upstream)
    upstream.single[key] = 503
    assert publishing.answer_all() == 0
    [(reference, outcome, detail)] = noted()
    assert (reference, outcome) == (key, "failed")
    assert "503" in detail


def test_a_rejected_token_logs_no_product_and_all_are_answered_with_the_next_token(upstream: Upstream) -> None:
    upstream.products = [tee(1, is_locked=True), tee(2, is_locked=True)]
    runner.run("test")
    keys = [tee(1)["id"], tee(2)["id"]]
    upstream.single |= dict.fromkeys(keys, 401)
    for _ in range(2):
        assert publishing.answer_all() == 0
    assert noted() == []
    assert list(Alert.objects.values_list("key", "count")) == [("provider:printify", 1)]
    upstream.single.clear()
    alerts.close_alert("provider:printify")  # as the health check does
    assert publishing.answer_all() == len(keys)
    assert [outcome for _, outcome, _ in noted()] == ["ok", "ok"]


def test_only_what_is_locked_now_is_waiting_in_order(upstream: Upstream) -> None:
    """Neither what went from Printify while it was locked, nor what was good when Printify last sent it."""
    upstream.products = [tee(number, is_locked=True) for number in (4, 3, 2, 1)]
    runner.run("test")
    Product.objects.filter(printify_id=tee(2)["id"]).update(gone_at=timezone.now())
    Product.objects.filter(printify_id=tee(4)["id"]).update(is_locked=False)
    assert publishing.locked_ids() == [tee(1)["id"], tee(3)["id"]]


def test_a_kept_order_is_no_product_that_waits(upstream: Upstream) -> None:
    locked(upstream, title="")
    PrintifyCache.objects.update(type="order")
    assert publishing.locked_ids() == []


def test_a_shown_product_that_is_published_alarms_nobody(upstream: Upstream) -> None:
    locked(upstream)
    publishing.answer_all()
    assert not Alert.objects.exists()


def test_unpublishing_one_hides_no_other(upstream: Upstream) -> None:
    upstream.products = [tee(1), tee(2)]
    runner.run("test")
    publishing.unpublished(tee(1)["id"])
    assert [row.printify_id for row in Product.objects.for_sale()] == [tee(2)["id"]]
