"""Events and alerts are found by what they are about."""

from django.db import migrations, models

class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0003_event_outcome'),
    ]

    operations = [
        migrations.AddField(
            model_name='inboundevent',
            name='reference',
            field=models.CharField(blank=True, db_default='', default='', help_text='Of which order, payment or mail it speaks.', max_length=254),
        ),
        migrations.AddIndex(
            model_name='inboundevent',
            index=models.Index(fields=['reference'], name='inbound_event_reference'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(fields=['key'], name='alert_key'),
        ),
    ]
