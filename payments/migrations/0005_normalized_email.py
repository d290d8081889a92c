from typing import Any

from django.db import migrations, models

import ilytat.integrations.email
from ilytat.integrations.email import rows_to_normalize


def normalize_emails(apps: Any, _schema_editor: object) -> None:
    uses = apps.get_model("payments", "CouponUse").objects.all()
    for pk, _text, address in rows_to_normalize(uses, "email"):
        uses.filter(pk=pk).update(email=address)


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0004_refund_attempts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='couponuse',
            name='email',
            field=ilytat.integrations.email.EmailColumn(max_length=254),
        ),
        migrations.AddIndex(
            model_name='couponuse',
            index=models.Index(fields=['email'], name='coupon_use_email'),
        ),
        migrations.RunPython(normalize_emails, migrations.RunPython.noop),
    ]
