"""Staff's pages over the real admin site: what they show, what their buttons do, what they cannot do."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Category, PrintifyCache, Product, SyncChange, SyncRun
from catalog.sync import upsert
from ilytat.integrations import alerts, inbox
from ilytat.integrations.models import Alert, InboundEvent, SyncLog
from tests.catalog.conftest import tee

pytestmark = pytest.mark.django_db


@pytest.fixture
def product() -> Product:
    upsert.store(tee(), timezone.now())
    return Product.objects.get()


def shown(client: Client, name: str, *args: Any) -> str:
    answer = client.get(reverse(f"admin:{name}", args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def acted(client: Client, model: str, action: str, *rows: Any) -> str:
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    answer = client.post(reverse(f"admin:{model}_changelist"), data, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def test_every_page_of_the_catalogue_and_the_integrations_opens(office: Client, product: Product) -> None:
    run = SyncRun.objects.create(state="success", ended_at=timezone.now())
    SyncChange.objects.create(
        run=run, product=product, printify_id="x", outcome="changed", fields={"title": ["a", "b"]}
    )
    inbox.receive("printify", "e1", "product:updated", {"resource": {"id": "<script>"}})
    SyncLog.objects.create(integration="printify", action="sync", outcome="ok")
    alerts.open_alert("a", "Something")
    rows = {
        "catalog_product": product,
        "catalog_category": Category.objects.get(slug="apparel"),
        "catalog_syncrun": run,
        "catalog_printifycache": PrintifyCache.objects.get(),
        "integrations_inboundevent": InboundEvent.objects.get(),
        "integrations_synclog": SyncLog.objects.get(),
        "integrations_alert": Alert.objects.get(),
    }
    for name, row in rows.items():
        shown(office, f"{name}_changelist")
        assert "<script>alert" not in shown(office, f"{name}_change", row.pk)
    shown(office, "integrations_healthresult_changelist")
    shown(office, "integrations_apiusage_changelist")


def test_a_product_shows_its_words_cost_and_why_it_is_not_for_sale(office: Client, product: Product) -> None:
    Product.objects.update(hidden=True, visible=False, title_override="Ours")
    page = shown(office, "catalog_product_change", product.pk)
    assert "no: not visible at Printify, hidden by staff" in page
    assert "$10.50" in page
    assert "$14.49 (57 %)" in page
    assert "Ours" in shown(office, "catalog_product_changelist")


def test_hiding_and_featuring_change_only_what_was_not_so(office: Client, product: Product) -> None:
    before = product.synced_at
    assert "1 changed, 0 were so" in acted(office, "catalog_product", "hide", product)
    assert "0 changed, 1 were so" in acted(office, "catalog_product", "hide", product)
    acted(office, "catalog_product", "show", product)
    acted(office, "catalog_product", "feature", product)
    product.refresh_from_db()
    assert (product.hidden, product.featured, product.synced_at > before) == (False, True, True)
    acted(office, "catalog_product", "unfeature", product)
    product.refresh_from_db()
    assert not product.featured


def test_saving_a_product_writes_staffs_columns_only(office: Client, product: Product) -> None:
    page = reverse("admin:catalog_product_change", args=[product.pk])
    form = {
        "title_override": "Our words",
        "description_override": "",
        "slug": product.slug,
        "position": "7",
        "categories": [Category.objects.get(slug="gifts").pk],
    }
    managed = ("variants", "images")
    form |= {f"{name}-{field}": "0" for name in managed for field in ("TOTAL_FORMS", "INITIAL_FORMS")}
    Product.objects.update(price_from=1)
    assert office.post(page, form).status_code == 302
    product.refresh_from_db()
    assert (product.title_override, product.position, product.price_from) == ("Our words", 7, 1)
    assert [category.slug for category in product.categories.all()] == ["gifts"]


def test_chosen_products_are_asked_for_and_the_run_is_shown(
    office: Client, product: Product, queued: list[Any]
) -> None:
    assert "This page follows the run" in acted(office, "catalog_product", "sync_chosen", product)
    assert "Nothing more was started" in acted(office, "catalog_product", "dry_run", product)
    run = SyncRun.objects.get()
    assert (run.only, run.dry_run) == ([product.printify_id], False)


def test_an_edited_rule_moves_products_and_says_how_many(office: Client, product: Product) -> None:
    gifts = Category.objects.get(slug="gifts")
    page = reverse("admin:catalog_category_change", args=[gifts.pk])
    form = {"slug": "gifts", "name": "Gifts", "position": "4", "tags": " T-shirts \n\nT-shirts\n", "blueprint_ids": "6"}
    answer = office.post(page, form, follow=True)
    assert "1 products moved in or out of Gifts" in answer.content.decode()
    gifts.refresh_from_db()
    assert (gifts.tags, gifts.blueprint_ids) == (["T-shirts"], [6])
    wrong = office.post(page, form | {"blueprint_ids": "six"})
    assert "One whole number a line." in wrong.content.decode()


def test_a_rule_is_looked_at_before_it_is_saved(office: Client, product: Product) -> None:
    Category.objects.all().delete()
    form = {"slug": "tees", "name": "Tees", "position": "9", "tags": "t-shirts", "blueprint_ids": ""}
    page = office.post(reverse("admin:catalog_category_add"), form | {"_preview": "1"}).content.decode()
    assert "would hold 1 product" in page
    assert product.title in page
    assert "Please correct" not in page
    assert "1 product in no category" in page
    assert not Category.objects.exists()


def test_a_new_category_gathers_what_its_rule_matches(office: Client, product: Product) -> None:
    form = {"slug": "tees", "name": "Tees", "position": "9", "tags": "t-shirts", "blueprint_ids": ""}
    office.post(reverse("admin:catalog_category_add"), form)
    assert Category.objects.get(slug="tees").products.get() == product


def test_an_event_can_be_worked_on_again_if_anybody_listens(office: Client) -> None:
    inbox.receive("printify", "e1", "product:updated", {"id": "e1"})
    inbox.receive("printify", "e2", "something:new", {"id": "e2"})
    InboundEvent.objects.filter(event_id="e1").update(state="attention", attempts=9)
    report = acted(office, "integrations_inboundevent", "replay", *InboundEvent.objects.all())
    assert "1 queued. 1 left" in report
    assert list(InboundEvent.objects.order_by("event_id").values_list("state", "attempts")) == [
        ("new", 0),
        ("ignored", 0),
    ]


def test_an_alert_can_be_closed(office: Client) -> None:
    alerts.open_alert("a", "Something")
    assert "1 closed" in acted(office, "integrations_alert", "close", Alert.objects.get())
    assert Alert.objects.get().closed_at is not None


@pytest.mark.parametrize("name", ["catalog_syncrun", "catalog_printifycache", "integrations_inboundevent"])
def test_records_cannot_be_added_or_deleted(office: Client, name: str) -> None:
    assert office.get(reverse(f"admin:{name}_add")).status_code == 403


@pytest.mark.parametrize("page", ["product/", "category/", "product/{pk}/change/"])
def test_inputs_in_a_table_are_named_for_who_cannot_see_its_head(office: Client, product: Product, page: str) -> None:
    Category.objects.get_or_create(slug="gifts", defaults={"name": "Gifts"})
    html = office.get(f"/admin/catalog/{page.format(pk=product.pk)}").content.decode()
    cells = re.findall(r'<input[^>]*name="(?:form|images)-\d-(?:position|featured|place|hidden)"[^>]*>', html)
    assert cells
    assert [cell for cell in cells if "aria-label=" not in cell] == []


def test_nobody_adds_or_deletes_products(office: Client, product: Product) -> None:
    assert office.get(reverse("admin:catalog_product_add")).status_code == 403
    assert office.post(reverse("admin:catalog_product_delete", args=[product.pk])).status_code == 403
