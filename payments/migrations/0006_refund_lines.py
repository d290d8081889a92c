import django.db.models.deletion
from django.db import migrations, models


def copy_lines(apps, schema_editor):
    """Pairs of a line's id, 0 for the delivery, and how many. A line that is gone cannot be refunded again anyway."""
    Refund, RefundLine = apps.get_model("payments", "Refund"), apps.get_model("payments", "RefundLine")
    lines = apps.get_model("orders", "OrderLine").objects
    for refund in Refund.objects.exclude(named=[]).iterator():
        quantities = {}
        for line, quantity in refund.named:
            quantities[line] = quantities.get(line, 0) + quantity
        there = {0, *lines.filter(pk__in=quantities).values_list("pk", flat=True)}
        RefundLine.objects.bulk_create(
            RefundLine(refund=refund, line_id=line or None, quantity=quantity)
            for line, quantity in quantities.items()
            if line in there and quantity > 0
        )


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0009_holds'),
        ('payments', '0005_normalized_email'),
    ]

    operations = [
        # Out of the way of the relation of the same name.
        migrations.RenameField("refund", "lines", "named"),
        migrations.CreateModel(
            name='RefundLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveSmallIntegerField()),
                ('line', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='orders.orderline')),
                ('refund', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='payments.refund')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('refund', 'line'), name='refund_line_once'), models.UniqueConstraint(condition=models.Q(('line', None)), fields=('refund',), name='refund_delivery_once'), models.CheckConstraint(condition=models.Q(('quantity__gte', 1)), name='refund_line_quantity')],
            },
        ),
        migrations.RunPython(copy_lines, migrations.RunPython.noop),
        migrations.RemoveField("refund", "named"),
    ]
