"""The customers at Stripe get rows. Of earlier ones the id was never kept: an erasure looks for it by the order."""

from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

BATCH = 500


def note_unknown(apps: Any, _schema_editor: Any) -> None:
    if not settings.STRIPE_AUTOMATIC_TAX:
        return  # no customer is created without Stripe Tax
    StripeCustomer = apps.get_model("payments", "StripeCustomer")
    orders = apps.get_model("orders", "Order").objects.filter(erased_at=None, sessions__isnull=False)
    keys = orders.values_list("pk", flat=True).distinct()
    StripeCustomer.objects.bulk_create([StripeCustomer(order_id=key) for key in keys], batch_size=BATCH)


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0012_erased_at'),
        ('payments', '0010_code_may_lose_money'),
    ]

    operations = [
        migrations.CreateModel(
            name='StripeCustomer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('next_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('lease_token', models.CharField(blank=True, editable=False, max_length=32)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('last_error', models.TextField(blank=True)),
                ('state', models.CharField(default='kept', max_length=24)),
                ('stripe_customer_id', models.CharField(blank=True, max_length=120, null=True, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='stripe_customer', to='orders.order')),
            ],
            options={
                'ordering': ['-created_at'],
                'indexes': [models.Index(fields=['state', 'next_at'], name='stripe_customer_due')],
            },
        ),
        migrations.RunPython(note_unknown, migrations.RunPython.noop),
    ]
