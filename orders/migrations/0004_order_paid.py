from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_terms_agreed_to")]

    operations = [
        migrations.AddIndex("order", models.Index(fields=["paid_at"], name="order_paid")),
    ]
