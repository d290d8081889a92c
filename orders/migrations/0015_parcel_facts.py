from django.db import migrations, models
from django.db.models import Count, OuterRef, Subquery


def count_parcels(apps, schema_editor):
    """Of what has left: until now, all of its parcels were known then."""
    Fulfilment = apps.get_model("orders", "Fulfilment")
    Shipment = apps.get_model("orders", "Shipment")
    rows = Fulfilment.objects.filter(state__in=["shipped", "ended", "delivered"], shipments__isnull=False)
    counts = Shipment.objects.filter(fulfilment=OuterRef("pk")).order_by().values("fulfilment")
    keys = rows.values("pk")
    Fulfilment.objects.filter(pk__in=keys).update(parcel_count=Subquery(counts.annotate(n=Count("pk")).values("n")))


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0014_estimated_shipping'),
    ]

    operations = [
        migrations.AddField(
            model_name='fulfilment',
            name='parcel_count',
            field=models.PositiveSmallIntegerField(default=0, help_text='0 while more parcels may follow.'),
        ),
        migrations.AddField(
            model_name='orderline',
            name='upstream_status',
            field=models.CharField(blank=True, editable=False, help_text="Printify's word for it.", max_length=60),
        ),
        migrations.RunPython(count_parcels, migrations.RunPython.noop),
    ]
