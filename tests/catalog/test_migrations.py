"""What the catalog's migrations make of rows that a shop has collected."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

MESSAGES = {
    "title is missing": "no_title",
    "enabled variant 12001 has no usable price: 'a lot'": "no_price",
    "variant 12001 is listed more than once": "duplicate_variant",
    "variants are missing": "incomplete",
    "not an object with a product id": "incomplete",
    "/v1/shops/1/products/x.json: too many requests": "rate_limited",
    "Printify: the sync lane has used up its calls for now": "rate_limited",
    "/v1/shops/1/products/x.json: 401": "access_denied",
    "GET /v1/shops/1/products/x.json: 503": "no_answer",
    "GET /v1/shops/1/products/x.json: ReadTimeout": "no_answer",
    "nested too deeply": "unreadable",
    "KeyError: 'x'": "unexpected",
    "": "",
}


def _migrated(name: str) -> Any:
    """The app's models as of this migration."""
    executor = MigrationExecutor(connection)
    executor.migrate([("catalog", name)])
    return executor.loader.project_state([("catalog", name)]).apps


@pytest.mark.django_db(transaction=True)
def test_every_old_message_becomes_a_code_in_both_tables() -> None:
    now = timezone.now()
    try:
        models = _migrated("0008_shelf_read_in_order")
        run = models.get_model("catalog", "SyncRun").objects.create(state="success")
        for number, message in enumerate(MESSAGES):
            models.get_model("catalog", "SyncChange").objects.create(run=run, printify_id="x", error=message)
            cache = {"type": "product", "data": {}, "hash": "", "fetched_at": now, "expires_at": now}
            models.get_model("catalog", "PrintifyCache").objects.create(external_id=number, error=message, **cache)
        models = _migrated("0009_failure_code")
        for name in ("SyncChange", "PrintifyCache"):
            rows = models.get_model("catalog", name).objects.values_list("error", "error_code")
            assert dict(rows) == MESSAGES
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
