"""Name two more kinds of answers that are kept: size guides and product safety."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("catalog", "0011_picture_retries"),
    ]

    operations = [
        migrations.AlterField(
            model_name="printifycache",
            name="type",
            field=models.CharField(
                choices=[
                    ("product", "product"),
                    ("shop", "shop"),
                    ("order", "order"),
                    ("shipping", "shipping"),
                    ("size_guide", "size guide"),
                    ("safety", "product safety"),
                    ("rate_card", "shipping rates"),
                ],
                max_length=12,
            ),
        ),
    ]
