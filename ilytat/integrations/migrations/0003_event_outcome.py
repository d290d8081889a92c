"""Split `InboundEvent.verdict`, a sentence that began with its outcome, into `outcome` and `detail`."""

from django.db import migrations, models
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr

OUTCOMES = ("handled", "duplicate", "late", "ignored", "attention", "failed")
# Verdicts that began with no outcome: they came from product events and from the mail provider.
PLAIN = {
    "unchanged": "duplicate",
    "already read since": "duplicate",
    "already hidden or unknown": "duplicate",
    "older": "late",
    "no reader of ours": "ignored",
    "no address in it": "ignored",
}


def split(apps, schema_editor):
    events = apps.get_model("integrations", "InboundEvent").objects.using(schema_editor.connection.alias)
    for outcome in OUTCOMES:
        events.filter(verdict=outcome).update(outcome=outcome)
        rest = Substr("verdict", len(outcome) + len(": ") + 1)
        events.filter(verdict__startswith=f"{outcome}: ").update(outcome=outcome, detail=rest)
    events.filter(verdict__startswith="ignored by ").update(outcome="ignored", detail=F("verdict"))
    for verdict, outcome in PLAIN.items():
        events.filter(verdict=verdict).update(outcome=outcome, detail=verdict)
    events.filter(outcome="").exclude(verdict="").update(outcome="handled", detail=F("verdict"))


def join(apps, schema_editor):
    events = apps.get_model("integrations", "InboundEvent").objects.using(schema_editor.connection.alias)
    events.exclude(outcome="").filter(detail="").update(verdict=F("outcome"))
    # The old column is no longer than the new one: what the outcome displaces is cut off.
    events.exclude(detail="").update(verdict=Substr(Concat("outcome", Value(": "), "detail"), 1, 200))


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0002_rate_bucket'),
    ]

    operations = [
        migrations.AddField(
            model_name='inboundevent',
            name='outcome',
            field=models.CharField(blank=True, choices=[('handled', 'Handled'), ('duplicate', 'Duplicate'), ('late', 'Late'), ('ignored', 'Ignored'), ('attention', 'Attention'), ('failed', 'Failed')], default='', max_length=10),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='inboundevent',
            name='detail',
            field=models.CharField(blank=True, default='', help_text='The outcome in words. No code reads it.', max_length=200),
            preserve_default=False,
        ),
        migrations.RunPython(split, join),
        migrations.RemoveField(
            model_name='inboundevent',
            name='verdict',
        ),
    ]
