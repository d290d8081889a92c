"""Count a picture's failures and store when it is fetched again. Earlier failures are due at once."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0010_shipping_rates"),
    ]

    operations = [
        migrations.AddField(
            model_name="productimage",
            name="failures",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="productimage",
            name="retry_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
