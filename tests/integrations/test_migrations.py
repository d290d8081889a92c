"""What the kit's migrations make of rows that a shop has collected."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

VERDICTS = {
    "": ("", ""),
    "handled": ("handled", ""),
    "handled: surplus, refunded": ("handled", "surplus, refunded"),
    "duplicate: known": ("duplicate", "known"),
    "late: it is over": ("late", "it is over"),
    "ignored: no handler": ("ignored", "no handler"),
    "ignored by eva": ("ignored", "ignored by eva"),
    "attention: paid (1, 2) where (3, 4) was agreed": ("attention", "paid (1, 2) where (3, 4) was agreed"),
    "failed": ("failed", ""),
    "failed: Still unknown after 8 looks: x": ("failed", "Still unknown after 8 looks: x"),
    "unchanged": ("duplicate", "unchanged"),
    "older": ("late", "older"),
    "no reader of ours": ("ignored", "no reader of ours"),
    "created": ("handled", "created"),
    "suppressed; bounced: no mail changed": ("handled", "suppressed; bounced: no mail changed"),
    "publishing_failed: No variant is enabled.": ("handled", "publishing_failed: No variant is enabled."),
}


def _migrated(name: str) -> Any:
    """The events' model as of this migration."""
    executor = MigrationExecutor(connection)
    executor.migrate([("integrations", name)])
    return executor.loader.project_state([("integrations", name)]).apps.get_model("integrations", "InboundEvent")


@pytest.mark.django_db(transaction=True)
def test_every_old_verdict_becomes_an_outcome_and_a_detail_and_can_be_read_back() -> None:
    try:
        events = _migrated("0002_rate_bucket").objects
        for number, verdict in enumerate(VERDICTS):
            events.create(source="stripe", event_id=f"evt_{number}", type="x", payload={}, verdict=verdict)
        events = _migrated("0003_event_outcome").objects
        found = events.order_by("pk").values_list("outcome", "detail")
        assert dict(zip(VERDICTS, found, strict=True)) == VERDICTS
        events = _migrated("0002_rate_bucket").objects
        joined = [f"{outcome}: {detail}" if detail else outcome for outcome, detail in VERDICTS.values()]
        assert list(events.order_by("pk").values_list("verdict", flat=True)) == joined
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
