import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


# How the reason of a hold began when it was a sentence.
REASONS = {
    "dispute": "dispute",
    "fraud warning": "fraud_warning",
    "a review": "review",
    "part of it was refunded": "refund",
    "It costs more than was paid": "cost",
}


def copy_holds(apps, schema_editor):
    Hold, OrderEvent = apps.get_model("orders", "Hold"), apps.get_model("orders", "OrderEvent")
    held = apps.get_model("orders", "Fulfilment").objects.filter(hold=True, state__in=("new", "created", "attention"))
    for job in held.iterator():
        reason = next((new for old, new in REASONS.items() if job.hold_reason.startswith(old)), "staff")
        reason = "refund" if job.hold_reason.endswith("already refunded at Stripe") else reason
        cost = job.upstream_cost if reason == "cost" else None
        Hold.objects.create(fulfillment=job, reason=reason, detail=job.hold_reason, cost=cost, placed_by="before holds")
    # A loss that staff had accepted stays accepted.
    accepted = OrderEvent.objects.filter(what="released", why__startswith="It costs more than was paid")
    for event in accepted.filter(order__fulfilment__sent_at=None).select_related("order__fulfilment").iterator():
        job = event.order.fulfilment
        Hold.objects.create(
            fulfillment=job, reason="cost", detail=event.why[:200], cost=job.upstream_cost, placed_by="before holds",
            since=event.at, released_at=event.at, released_by=event.who,
        )


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0008_normalized_email'),
    ]

    operations = [
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=[('staff', 'Held by staff'), ('dispute', 'Payment disputed'), ('fraud_warning', 'Fraud warning'), ('review', 'Under review at Stripe'), ('refund', 'Refunded at Stripe'), ('cost', 'Costs more than was paid')], max_length=16)),
                ('reference', models.CharField(blank=True, help_text='The dispute or warning it is about.', max_length=120)),
                ('detail', models.CharField(blank=True, max_length=200)),
                ('cost', models.PositiveIntegerField(blank=True, help_text='Of a cost hold: what Printify asks.', null=True)),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
                ('placed_by', models.CharField(max_length=120)),
                ('released_at', models.DateTimeField(blank=True, null=True)),
                ('released_by', models.CharField(blank=True, max_length=120)),
                ('fulfillment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='holds', to='orders.fulfilment')),
            ],
            options={
                'ordering': ['since', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('released_at__isnull', True)), fields=('fulfillment', 'reason', 'reference'), name='hold_open_once')],
            },
        ),
        migrations.RunPython(copy_holds, migrations.RunPython.noop),
        migrations.RemoveField("fulfilment", "hold"),
        migrations.RemoveField("fulfilment", "hold_reason"),
    ]
