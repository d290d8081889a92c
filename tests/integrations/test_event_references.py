"""Which order, payment or mail a webhook is about: one indexed column, filled when it arrives."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from ilytat.integrations import inbox
from ilytat.integrations.event_references import reference_of
from ilytat.integrations.models import InboundEvent
from tests import factories

ORDER = {"order": "ABCD1234"}
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("stripe", {"id": "cs_1", "client_reference_id": "ABCD1234", "payment_intent": "pi_1"}, "ABCD1234"),
    ("stripe", {"id": "pi_1", "metadata": ORDER, "customer": "cus_1"}, "ABCD1234"),
    ("stripe", {"id": "ch_1", "metadata": {}, "payment_intent": "pi_1", "customer": "cus_1"}, "pi_1"),
    ("stripe", {"id": "du_1", "payment_intent": {"id": "pi_1", "object": "payment_intent"}}, "pi_1"),
    ("stripe", {"id": "pm_1", "customer": "cus_1"}, "cus_1"),
    ("stripe", {"id": "cus_1", "metadata": None}, "cus_1"),
    ("stripe", {"id": 7, "metadata": [1], "payment_intent": ["x"]}, ""),
    ("printify", {"id": "5d3", "type": "order"}, "5d3"),
    ("printify", {"type": "order"}, ""),
]


@pytest.mark.parametrize(("source", "subject", "reference"), CASES)
def test_each_object_names_its_order_or_what_leads_to_it(source: str, subject: Any, reference: str) -> None:
    payload = {"data": {"object": subject}} if source == "stripe" else {"resource": subject}
    assert reference_of(source, payload) == reference


def test_a_mails_event_names_the_order_else_the_normalized_recipient() -> None:
    assert reference_of("sendgrid", {"reference": "ABCD1234", "email": "ana@example.com"}) == "ABCD1234"
    assert reference_of("sendgrid", {"reference": "", "email": " Ana@Ma\u0131l.com"}) == "ana@xn--mal-kua.com"
    assert reference_of("sendgrid", {"email": ["x"]}) == ""


@pytest.mark.parametrize("payload", [{}, {"data": 1}, {"data": {"object": 1}}, {"resource": []}])
@pytest.mark.parametrize("source", ["stripe", "printify", "sendgrid", "other"])
def test_an_unknown_shape_names_nothing(source: str, payload: dict[str, Any]) -> None:
    assert reference_of(source, payload) == ""


@pytest.mark.django_db
def test_it_is_filled_on_arrival_also_for_what_nobody_listens_to() -> None:
    inbox.receive("stripe", "evt_1", "charge.succeeded", {"data": {"object": {"id": "ch_1", "payment_intent": "pi_1"}}})
    inbox.receive("printify", "e1", "order:updated", {"resource": {"id": "x" * 300 + "\0", "type": "order"}})
    assert [row.reference for row in InboundEvent.objects.order_by("pk")] == ["pi_1", "x" * 254]


@pytest.mark.django_db
def test_rows_from_before_get_theirs_by_the_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    migration = import_module("ilytat.integrations.migrations.0005_references_of_old_events")
    monkeypatch.setattr(migration, "BATCH", 2)
    for number in range(5):
        factories.inbound_event(payload={"data": {"object": {"client_reference_id": f"ABCD000{number}"}}})
    factories.inbound_event(payload=[])
    migration.fill_references(apps, None)
    references = list(InboundEvent.objects.order_by("pk").values_list("reference", flat=True))
    assert references == [*(f"ABCD000{number}" for number in range(5)), ""]
