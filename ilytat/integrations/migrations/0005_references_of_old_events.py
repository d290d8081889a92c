"""Events from before get their reference: batch by batch, so that webhooks need not wait for all of them."""

from typing import Any

from django.db import migrations

from ilytat.integrations.event_references import reference_of

BATCH = 500


def fill_references(apps: Any, _schema_editor: Any) -> None:
    InboundEvent = apps.get_model("integrations", "InboundEvent")
    last = 0
    while True:
        events = list(InboundEvent.objects.filter(pk__gt=last).only("pk", "source", "payload").order_by("pk")[:BATCH])
        if not events:
            return
        for event in events:
            event.reference = reference_of(event.source, event.payload if isinstance(event.payload, dict) else {})
        InboundEvent.objects.bulk_update(events, ["reference"])
        last = events[-1].pk


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("integrations", "0004_event_reference")]

    operations = [migrations.RunPython(fill_references, migrations.RunPython.noop)]
