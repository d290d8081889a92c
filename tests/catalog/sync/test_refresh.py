"""One product read anew, as webhooks, checkout and staff do."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from catalog.models import Product
from catalog.sync import runner, runs
from ilytat.integrations.errors import Refused
from tests.catalog.conftest import Upstream, tee

pytestmark = pytest.mark.django_db


def test_one_product_is_read_anew(upstream: Upstream) -> None:
    upstream.products = [tee(1), tee(2)]
    stored = runner.refresh_product(tee(1)["id"])
    assert (stored.outcome, upstream.calls) == ("created", [tee(1)["id"]])
    assert Product.objects.count() == 1


def test_new_pictures_are_fetched_without_waiting_for_the_next_walk(
    upstream: Upstream,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(runs, "send", asked.append)
    upstream.products = [tee()]
    for changes in ({}, {"title": "Other"}):
        upstream.products[0] |= changes
        with django_capture_on_commit_callbacks(execute=True):
            runner.refresh_product(tee()["id"])
    assert asked == [runs.FETCH_IMAGES]


def test_a_product_printify_does_not_know_any_more_is_hidden(upstream: Upstream) -> None:
    upstream.products = [tee()]
    runner.run("test")
    upstream.products = []
    assert runner.refresh_product(tee()["id"]).outcome == "gone"
    assert not Product.objects.for_sale().exists()


def test_another_shops_product_is_a_refusal_and_hides_nothing(upstream: Upstream) -> None:
    """After a reconnection every product is "of another shop": the catalogue must survive that."""
    upstream.products = [tee()]
    runner.run("test")
    reason = {"reason": "Product does not belong to this shop", "code": 8104}
    upstream.single[tee()["id"]] = (400, {"status": "error", "code": 8104, "errors": reason})
    with pytest.raises(Refused):
        runner.refresh_product(tee()["id"])
    assert Product.objects.for_sale().exists()
