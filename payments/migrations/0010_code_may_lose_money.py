"""Codes that may take an order below the margin floor: none, until the owner says so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0009_one_code_per_order")]

    operations = [
        migrations.AddField(
            model_name="coupon",
            name="may_lose_money",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Accept orders that earn less than MARGIN_FLOOR_PERCENT with this code, free orders included. "
                "Off: the code is refused for such an order at checkout.",
            ),
        ),
    ]
