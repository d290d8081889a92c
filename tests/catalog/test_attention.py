"""What Printify changed, in the queue of what needs a person: said in a line, decided by a button."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog import attention
from catalog.models import Product
from catalog.models.curation import FieldChange
from catalog.sync import changes, upsert
from tests.catalog.conftest import tee

pytestmark = pytest.mark.django_db


@pytest.fixture
def product() -> Product:
    upsert.store(tee(), timezone.now())
    for field in ("title", "price", "images"):
        changes.choose(field, "ask")
    return Product.objects.get()


def lines() -> list[str]:
    return [row.why for row in attention._changes()]


def test_a_title_is_told_as_it_was_and_would_be(product: Product) -> None:
    upsert.store(tee(title="Another " * 20), timezone.now())
    [line] = lines()
    assert line.startswith(f"{tee()['title']} → Another Another")
    assert "…. The shop shows what it had" in line


def test_a_price_is_told_as_money_with_its_sizes(product: Product) -> None:
    said = tee()
    for variant in said["variants"]:
        variant["price"] += 300
    upsert.store(tee(variants=said["variants"]), timezone.now())
    [line] = lines()
    assert "$24.99 → $27.99" in line


def test_pictures_are_counted(product: Product) -> None:
    upsert.store(tee(images=tee()["images"][:1]), timezone.now())
    assert lines() == ["4 → 1 pictures. The shop shows what it had until you decide."]


def test_both_buttons_decide_once(product: Product, staff: Any, office: Client) -> None:
    upsert.store(tee(title="One"), timezone.now())
    change = FieldChange.objects.get()
    assert attention._decline(change.pk, staff.email) == "Ours stays."
    assert attention._decline(change.pk, staff.email) == "It was decided already."
    upsert.store(tee(title="Two"), timezone.now())
    change = FieldChange.objects.get(state="waiting")
    assert attention._approve(change.pk, staff.email) == "Taken over."
    assert attention._approve(change.pk, staff.email) == "It was decided already."
    assert Product.objects.get().title == "Two"
    assert FieldChange.objects.get(pk=change.pk).decided_by == staff
