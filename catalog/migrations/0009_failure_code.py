"""Store why a product could not be used as a code beside the message. Old messages are read once, here."""

import re

from django.db import migrations, models

CODES = [('no_title', 'No Title'), ('no_price', 'No Price'), ('duplicate_variant', 'Duplicate Variant'), ('incomplete', 'Incomplete'), ('unreadable', 'Unreadable'), ('rate_limited', 'Rate Limited'), ('access_denied', 'Access Denied'), ('no_answer', 'No Answer'), ('unexpected', 'Unexpected')]
BATCH = 500

# The first that matches counts, as the admin read these messages before.
PATTERNS = [
    (r"title is missing", "no_title"),
    (r"no usable price", "no_price"),
    (r"more than once", "duplicate_variant"),
    (r"variants are missing|not an object|product id", "incomplete"),
    (r"\b429\b|rate limit|used up its calls|too many requests", "rate_limited"),
    (r"\b40[13]\b|token|refuse", "access_denied"),
    (r"\b5\d\d\b|time[d ]?-?out|unreachable|connection|did not answer|no answer", "no_answer"),
    (r"NUL|deep|too (?:long|large|many)|number", "unreadable"),
]


def code_of(message):
    return next((code for pattern, code in PATTERNS if re.search(pattern, message, re.IGNORECASE)), "unexpected")


def fill(apps, schema_editor):
    for name in ("PrintifyCache", "SyncChange"):
        rows = apps.get_model("catalog", name).objects.using(schema_editor.connection.alias)
        batch = []
        for row in rows.exclude(error="").only("pk", "error").iterator(chunk_size=BATCH):
            row.error_code = code_of(row.error)
            batch.append(row)
            if len(batch) == BATCH:
                rows.bulk_update(batch, ["error_code"])
                batch = []
        rows.bulk_update(batch, ["error_code"])


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0008_shelf_read_in_order'),
    ]

    operations = [
        migrations.AddField(
            model_name='printifycache',
            name='error_code',
            field=models.CharField(blank=True, choices=CODES, default='', max_length=20),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='syncchange',
            name='error_code',
            field=models.CharField(blank=True, choices=CODES, default='', max_length=20),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
