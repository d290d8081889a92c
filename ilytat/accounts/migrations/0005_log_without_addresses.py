from typing import Any

from django.db import migrations

from ilytat.integrations.admin_log import replace_names

NAMES = {"accounts.user": "user", "account.emailaddress": "email address"}


def replace_addresses(apps: Any, _schema_editor: object) -> None:
    replace_names(apps, NAMES)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_normalized_email'),
        ('admin', '0003_logentry_add_action_flag_choices'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.RunPython(replace_addresses, migrations.RunPython.noop),
    ]
