from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import migrations

import ilytat.integrations.email
from ilytat.integrations.email import is_same_mailbox, rows_to_normalize
from ilytat.integrations.privacy import anonymous_address, fingerprint


def normalize_emails(apps: Any, _schema_editor: object) -> None:
    addresses = apps.get_model("account", "EmailAddress").objects.all()
    for pk, text, address in rows_to_normalize(addresses, "email"):
        _normalize_address(addresses, pk, text, address)
    users = apps.get_model("accounts", "User").objects.all()
    rows = list(rows_to_normalize(users, "email"))
    # Those whose mail arrives at the normalized address come first: of two accounts they keep it.
    for pk, text, address in sorted(rows, key=lambda row: not is_same_mailbox(row[1], row[2])):
        _normalize_user(users, pk, text, address)
    erasures = apps.get_model("accounts", "Erasure").objects.all()
    for pk, text, address in rows_to_normalize(erasures, "email"):
        _normalize_erasure(erasures, pk, text, address)


def _normalize_address(addresses: Any, pk: int, text: str, address: str) -> None:
    """allauth's row. Without a row, the next sign-in makes one and asks for a confirmation."""
    row = addresses.get(pk=pk)
    if not is_same_mailbox(text, address):
        row.delete()
        return
    own = addresses.filter(user_id=row.user_id, email=address).first()
    is_taken = addresses.filter(email=address, verified=True).exclude(user_id=row.user_id).exists()
    if own:
        row.delete()
    target = own or row
    target.primary = target.primary or row.primary
    target.verified = (target.verified or row.verified) and not is_taken
    target.email = address
    target.save()


def _normalize_user(users: Any, pk: int, text: str, address: str) -> None:
    is_taken = users.filter(email=address).exists()
    values = {"email": anonymous_address() if is_taken else address}
    if is_taken or not is_same_mailbox(text, address):
        # Never proven: ends its sessions, and the way back is a mail to the normalized address.
        values["password"] = make_password(None)
    users.filter(pk=pk).update(**values)


def _normalize_erasure(erasures: Any, pk: int, text: str, address: str) -> None:
    """A request is kept only if its proof was mail to this address. Two requests become one."""
    if is_same_mailbox(text, address):
        same = erasures.filter(fingerprint=fingerprint(address)).exclude(pk=pk)
        same.delete()
        erasures.filter(pk=pk).update(email=address, fingerprint=fingerprint(address))
    else:
        erasures.filter(pk=pk).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_known_browsers'),
        ('account', '0009_emailaddress_unique_primary_email'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='user',
            name='user_email_once',
        ),
        migrations.AlterField(
            model_name='erasure',
            name='email',
            field=ilytat.integrations.email.EmailColumn(blank=True, help_text='Until it is done.', max_length=254),
        ),
        migrations.AlterField(
            model_name='user',
            name='email',
            field=ilytat.integrations.email.EmailColumn(max_length=254, unique=True, verbose_name='e-mail'),
        ),
        migrations.RunPython(normalize_emails, migrations.RunPython.noop),
    ]
