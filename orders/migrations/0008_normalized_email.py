from typing import Any

from django.db import migrations, models

import ilytat.integrations.email
from ilytat.integrations.email import is_same_mailbox, rows_to_normalize


def normalize_emails(apps: Any, _schema_editor: object) -> None:
    orders = apps.get_model("orders", "Order").objects.all()
    for pk, _text, address in rows_to_normalize(orders, "email"):
        orders.filter(pk=pk).update(email=address)
    watches = apps.get_model("orders", "StockWatch").objects.all()
    for pk, text, address in rows_to_normalize(watches, "email"):
        _normalize_watch(watches, pk, text, address)


def _normalize_watch(watches: Any, pk: int, text: str, address: str) -> None:
    """Of two rows of one address and variant, the confirmed one stays."""
    watch = watches.get(pk=pk)
    is_waiting = watch.state == "waiting" and is_same_mailbox(text, address)
    duplicates = watches.filter(variant_id=watch.variant_id, email=address)
    if duplicates.exists() and (not is_waiting or duplicates.filter(state="waiting").exists()):
        watches.filter(pk=pk).delete()
        return
    duplicates.delete()
    unconfirmed = {"state": "asked", "confirmed_at": None} if watch.state == "waiting" and not is_waiting else {}
    watches.filter(pk=pk).update(email=address, **unconfirmed)


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0007_endings_nobody_reports'),
    ]

    operations = [
        migrations.AlterField(
            model_name='order',
            name='email',
            field=ilytat.integrations.email.EmailColumn(max_length=254),
        ),
        migrations.AlterField(
            model_name='stockwatch',
            name='email',
            field=ilytat.integrations.email.EmailColumn(max_length=254),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['email'], name='order_email'),
        ),
        migrations.AddIndex(
            model_name='stockwatch',
            index=models.Index(fields=['email'], name='stock_watch_email'),
        ),
        migrations.RunPython(normalize_emails, migrations.RunPython.noop),
    ]
