from typing import Any

from django.db import migrations

BATCH_ROWS = 500


def refer_to_alerts(apps: Any, _schema_editor: object) -> None:
    """The key of a mail about an alert is "alert:<pk>:<address>". Those with an order's number keep it."""
    mails = apps.get_model("notifications", "OutgoingEmail").objects.filter(
        dedupe_key__startswith="alert:", reference=""
    )
    while batch := list(mails.order_by("pk").only("pk", "dedupe_key")[:BATCH_ROWS]):
        for mail in batch:
            mail.reference = ":".join(mail.dedupe_key.split(":")[:2])
        mails.model.objects.bulk_update(batch, ["reference"])


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0007_log_without_addresses'),
    ]

    operations = [
        migrations.RunPython(refer_to_alerts, migrations.RunPython.noop),
    ]
