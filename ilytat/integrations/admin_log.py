"""For migrations: what the admin's log called its rows."""

from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Concat

BATCH_ROWS = 1000  # of one UPDATE


def replace_names(apps: Any, names: dict[str, str]) -> None:
    """Name the rows of some models by kind and id in the entries there are. `names`: "app.model" → kind.

    Before, `__str__` of these models was an email address, and an entry outlives its row.
    """
    entries, kinds = apps.get_model("admin", "LogEntry").objects, apps.get_model("contenttypes", "ContentType").objects
    for label, name in names.items():
        app, model = label.split(".")
        own = entries.filter(content_type__in=kinds.filter(app_label=app, model=model))
        keys = list(own.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(keys), BATCH_ROWS):
            batch = own.filter(pk__in=keys[start : start + BATCH_ROWS])
            batch.update(object_repr=Concat(Value(f"{name} "), F("object_id")))
