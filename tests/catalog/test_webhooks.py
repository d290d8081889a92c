from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import PrintifyCache, Product
from ilytat.integrations import inbox, jobs
from ilytat.integrations.models import Alert, InboundEvent
from tests.catalog.conftest import Upstream, tee
from tests.results import result_of

pytestmark = pytest.mark.django_db


def heard(type_: str, data: dict[str, Any] | None, *, of: str = tee()["id"], number: int = 1) -> InboundEvent:
    """The event as it comes in, worked on."""
    payload = {"id": f"e{number}", "type": type_, "resource": {"id": of, "type": type_.partition(":")[0], "data": data}}
    inbox.receive("printify", f"e{number}", type_, payload)
    jobs.work_due(inbox.QUEUE)
    return InboundEvent.objects.get(event_id=f"e{number}")


OURS = {"shop_id": 1001}


def test_a_new_product_is_read_and_on_the_shelf(upstream: Upstream) -> None:
    upstream.products = [tee()]
    event = heard("product:created", OURS)
    assert (event.state, *result_of(event)) == ("done", "handled", "Product created.")
    assert Product.objects.for_sale().count() == 1


def test_a_burst_of_events_costs_one_look(upstream: Upstream) -> None:
    upstream.products = [tee()]
    for number in range(3):
        payload = {"id": f"b{number}", "resource": {"id": tee()["id"], "data": OURS}}
        inbox.receive("printify", f"b{number}", "product:updated", payload)
    jobs.work_due(inbox.QUEUE)
    assert upstream.calls == [tee()["id"]]
    assert sorted(InboundEvent.objects.values_list("outcome", flat=True)) == ["duplicate", "duplicate", "handled"]


def test_an_event_after_the_last_look_is_a_reason_to_look_again(upstream: Upstream) -> None:
    upstream.products = [tee()]
    heard("product:created", OURS)
    PrintifyCache.objects.update(fetched_at=timezone.now() - timedelta(minutes=1))
    upstream.products = [tee(title="New")]
    assert result_of(heard("product:updated", OURS, number=2)) == ("handled", "Product changed.")


def test_deleted_counts_when_the_product_is_really_gone(upstream: Upstream) -> None:
    upstream.products = [tee()]
    heard("product:created", OURS)
    PrintifyCache.objects.update(fetched_at=timezone.now() - timedelta(minutes=1))
    assert result_of(heard("product:deleted", OURS, number=2)) == ("duplicate", "Nothing has changed.")
    PrintifyCache.objects.update(fetched_at=timezone.now() - timedelta(minutes=1))
    upstream.products = []
    assert result_of(heard("product:deleted", OURS, number=3)) == ("handled", "Product gone.")
    assert not Product.objects.for_sale().exists()


@pytest.mark.parametrize("data", [{"shop_id": 999}, {"shop_id": "999"}])
def test_another_shops_events_change_nothing(upstream: Upstream, data: dict[str, Any]) -> None:
    assert heard("product:updated", data).outcome == "ignored"
    assert upstream.calls == []


@pytest.mark.parametrize("of", ["", None, {}])
def test_an_event_without_a_product_is_done_with(upstream: Upstream, of: Any) -> None:
    assert heard("product:updated", OURS, of=of).state == "done"
    assert upstream.calls == []


def test_an_unreadable_product_is_a_failed_event_and_not_tried_again(upstream: Upstream) -> None:
    upstream.products = [tee(title="")]
    event = heard("product:updated", OURS)
    assert (event.state, *result_of(event)) == ("done", "failed", "The product cannot be used: title is missing.")
    assert PrintifyCache.objects.get().error == "title is missing"


def test_an_answer_older_than_what_is_kept_is_a_late_event(upstream: Upstream) -> None:
    upstream.products = [tee()]
    heard("product:created", OURS)
    PrintifyCache.objects.update(fetched_at=timezone.now() - timedelta(minutes=1))
    upstream.products = [tee(updated_at="2001-01-01 00:00:00+00:00")]
    assert heard("product:updated", OURS, number=2).outcome == "late"


def test_while_printify_is_down_the_event_waits(upstream: Upstream) -> None:
    upstream.single[tee()["id"]] = 503
    event = heard("product:updated", OURS)
    assert (event.state, event.next_at > timezone.now()) == ("new", True)


def test_publishing_is_answered_while_the_event_is_worked_on(upstream: Upstream) -> None:
    upstream.products = [tee(is_locked=True)]
    event = heard("product:publish:started", OURS | {"action": "create", "publish_details": {}})
    assert result_of(event) == ("handled", "publishing_succeeded")
    assert [verb for _, verb, _ in upstream.answered] == ["publishing_succeeded"]
    assert not Product.objects.get().is_locked


def test_unpublishing_names_no_shop_and_hides(upstream: Upstream) -> None:
    upstream.products = [tee()]
    heard("product:created", OURS)
    assert heard("product:publish:started", {"action": "delete"}, number=2).outcome == "handled"
    assert Product.objects.get().hidden


def test_a_disconnected_shop_is_staffs_business() -> None:
    assert heard("shop:disconnected", None, of="1001").outcome == "handled"
    assert "PRINTIFY_SHOP_ID" in Alert.objects.get().next_step


def test_keys_that_are_not_documented_are_ignored_in_a_publish_event(upstream: Upstream) -> None:
    upstream.products = [tee(is_locked=True)]
    details = {"title": True, "shipping_methods": False}
    event = heard(
        "product:publish:started", {**OURS, "action": "create", "publish_details": details, "external_sku_mapping": []}
    )
    assert result_of(event) == ("handled", "publishing_succeeded")
