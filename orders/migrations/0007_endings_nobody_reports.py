from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0006_stock_watches'),
    ]

    operations = [
        migrations.AddField(
            model_name='fulfilment',
            name='left_at',
            field=models.DateTimeField(blank=True, help_text='When Printify first said that all of it has left.', null=True),
        ),
        migrations.AddField(
            model_name='fulfilment',
            name='asked_at',
            field=models.DateTimeField(blank=True, help_text='When the buyer was asked whether it has come.', null=True),
        ),
        migrations.AddField(
            model_name='fulfilment',
            name='ended_at',
            field=models.DateTimeField(blank=True, help_text='When it arrived, or was taken for arrived.', null=True),
        ),
        migrations.AlterField(
            model_name='fulfilment',
            name='state',
            field=models.CharField(choices=[('new', 'Waiting to be submitted'), ('created', 'Held at Printify until the grace period ends'), ('in_production', 'In production'), ('shipped', 'Shipped'), ('ended', 'Over, no arrival was reported'), ('delivered', 'Delivered'), ('canceling', 'Being canceled at Printify'), ('canceled', 'Canceled'), ('attention', 'Needs attention')], default='new', max_length=24),
        ),
    ]
