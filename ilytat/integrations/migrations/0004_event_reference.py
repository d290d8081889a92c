"""Events and alerts are found by what they are about. Rows from before get their reference here."""

from typing import Any

from django.db import migrations, models

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

    dependencies = [
        ('integrations', '0003_event_outcome'),
    ]

    operations = [
        migrations.AddField(
            model_name='inboundevent',
            name='reference',
            field=models.CharField(blank=True, default='', help_text='Of which order, payment or mail it speaks.', max_length=254),
            preserve_default=False,
        ),
        migrations.RunPython(fill_references, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='inboundevent',
            index=models.Index(fields=['reference'], name='inbound_event_reference'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(fields=['key'], name='alert_key'),
        ),
    ]
