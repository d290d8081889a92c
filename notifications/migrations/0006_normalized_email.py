from typing import Any

from django.db import migrations, models

import ilytat.integrations.email
from ilytat.integrations.email import is_same_mailbox, rows_to_normalize
from ilytat.integrations.privacy import anonymous_address, fingerprint

TOPICS = ("news", "carts", "stock")


def normalize_emails(apps: Any, _schema_editor: object) -> None:
    mails = apps.get_model("notifications", "OutgoingEmail").objects.all()
    for pk, text, address in rows_to_normalize(mails, "to"):
        mails.filter(pk=pk).update(to=address)
        if not is_same_mailbox(text, address):  # the link in it was read by someone else
            mails.filter(pk=pk, kind="privacy_link").update(to=anonymous_address())
    suppressions = apps.get_model("notifications", "Suppression").objects.all()
    for pk, _text, address in rows_to_normalize(suppressions, "email"):
        if suppressions.filter(email=address).exists():
            suppressions.filter(pk=pk).delete()
        else:
            suppressions.filter(pk=pk).update(email=address)
    subscribers = apps.get_model("notifications", "Subscriber").objects.all()
    consents = apps.get_model("notifications", "Consent").objects.all()
    for pk, text, address in rows_to_normalize(subscribers, "email"):
        _normalize_subscriber(subscribers, consents, pk, text, address)


def _normalize_subscriber(subscribers: Any, consents: Any, pk: int, text: str, address: str) -> None:
    """Of two rows of one address one stays. Whoever left under either spelling has left."""
    row, kept = subscribers.get(pk=pk), subscribers.filter(email=address).first()
    confirmed = [x for x in (row, kept) if x and x.confirmed_at and (x is kept or is_same_mailbox(text, address))]
    left = [x.left_at for x in (row, kept) if x and x.left_at]
    values = {
        "left_at": max(left, default=None),
        "confirmed_at": max((x.confirmed_at for x in confirmed), default=left and row.confirmed_at or None),
        **{topic: bool(confirmed) and not left and all(getattr(x, topic) for x in confirmed) for topic in TOPICS},
    }
    if kept:
        consents.filter(subscriber_id=pk).update(subscriber_id=kept.pk)
        subscribers.filter(pk=pk).delete()
    survivor = kept or row
    subscribers.filter(pk=survivor.pk).update(email=address, **values)
    consents.filter(subscriber_id=survivor.pk).update(address_hash=fingerprint(address))


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0005_mails_by_name'),
    ]

    operations = [
        migrations.AlterField(
            model_name='outgoingemail',
            name='to',
            field=ilytat.integrations.email.EmailColumn(max_length=254),
        ),
        migrations.AlterField(
            model_name='subscriber',
            name='email',
            field=ilytat.integrations.email.EmailColumn(max_length=254, unique=True),
        ),
        migrations.AlterField(
            model_name='suppression',
            name='email',
            field=ilytat.integrations.email.EmailColumn(max_length=254, unique=True),
        ),
        migrations.AddIndex(
            model_name='outgoingemail',
            index=models.Index(fields=['to'], name='email_to'),
        ),
        migrations.RunPython(normalize_emails, migrations.RunPython.noop),
    ]
