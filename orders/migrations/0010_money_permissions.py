from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("orders", "0009_holds"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='order',
            options={'ordering': ['-placed_at'], 'permissions': [('accept_payment', 'Can accept a payment that differs from the order'), ('reprint_order', "Can print an order again at the shop's expense"), ('release_hold', 'Can release a hold before production')]},
        ),
    ]
