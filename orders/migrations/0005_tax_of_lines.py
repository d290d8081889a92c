from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0004_order_paid")]

    operations = [
        migrations.AddField(
            model_name="orderline",
            name="tax",
            field=models.PositiveIntegerField(
                default=0, help_text="Of the order's tax, what was charged for all of this line."
            ),
        ),
    ]
