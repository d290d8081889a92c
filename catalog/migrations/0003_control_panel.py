
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0002_top_categories'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FieldChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('field', models.CharField(max_length=24)),
                ('before', models.JSONField(null=True)),
                ('after', models.JSONField(null=True)),
                ('policy', models.CharField(choices=[('auto', 'take over by itself'), ('ask', 'wait for staff'), ('ignore', 'keep ours')], default='auto', max_length=8)),
                ('state', models.CharField(choices=[('applied', 'applied'), ('waiting', 'waits for staff'), ('ignored', 'ignored'), ('approved', 'approved'), ('declined', 'declined'), ('reverted', 'reverted'), ('settled', 'settled by itself'), ('overridden', 'ours is shown'), ('preview', 'dry run')], db_index=True, default='applied', max_length=12)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='FieldPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('field', models.CharField(max_length=24)),
                ('policy', models.CharField(choices=[('auto', 'take over by itself'), ('ask', 'wait for staff'), ('ignore', 'keep ours')], default='auto', max_length=8)),
            ],
            options={
                'verbose_name_plural': 'field policies',
            },
        ),
        migrations.CreateModel(
            name='OldSlug',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=120, unique=True)),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='SizeTable',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('blueprint_id', models.PositiveIntegerField(unique=True)),
                ('name', models.CharField(max_length=80)),
                ('sizes', models.JSONField(default=list)),
                ('rows', models.JSONField(default=list)),
                ('tolerance', models.PositiveSmallIntegerField(default=25, help_text='Millimetres a piece may differ.')),
                ('measured', models.CharField(choices=[('flat', 'of the garment, laid flat'), ('body', 'of the body it fits')], default='flat', max_length=4)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='SyncPause',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.AlterModelOptions(
            name='productimage',
            options={'ordering': ['place', 'position', 'pk']},
        ),
        migrations.AlterModelOptions(
            name='syncrun',
            options={'ordering': ['-started_at', '-pk']},
        ),
        migrations.AddField(
            model_name='product',
            name='basis',
            field=models.JSONField(blank=True, default=dict, help_text='What Printify said when staff overrode it, by field.'),
        ),
        migrations.AddField(
            model_name='product',
            name='override_moved',
            field=models.BooleanField(default=False, help_text='Printify has changed what staff override.'),
        ),
        migrations.AddField(
            model_name='product',
            name='pins',
            field=models.JSONField(blank=True, default=dict, help_text="Staff's values in place of Printify's, by field."),
        ),
        migrations.AddField(
            model_name='productimage',
            name='hidden',
            field=models.BooleanField(default=False, help_text='Not shown in the shop; sync never changes it.'),
        ),
        migrations.AddField(
            model_name='productimage',
            name='own',
            field=models.BooleanField(default=False, help_text="Staff's own photo: sync leaves it alone."),
        ),
        migrations.AddField(
            model_name='productimage',
            name='place',
            field=models.PositiveSmallIntegerField(default=1000, help_text="Staff's order: lower comes first."),
        ),
        migrations.AddField(
            model_name='syncrun',
            name='asked_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='syncrun',
            name='current',
            field=models.CharField(blank=True, help_text='What is being read at this moment.', max_length=200),
        ),
        migrations.AddField(
            model_name='syncrun',
            name='only',
            field=models.JSONField(blank=True, default=list, help_text='Printify ids; empty: the whole catalogue.'),
        ),
        migrations.AlterField(
            model_name='syncrun',
            name='state',
            field=models.CharField(choices=[('queued', 'queued'), ('running', 'running'), ('success', 'success'), ('partial', 'partial'), ('failed', 'failed'), ('canceled', 'canceled')], default='running', max_length=10),
        ),
        migrations.AddConstraint(
            model_name='syncrun',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'queued')), fields=('state',), name='sync_one_queued'),
        ),
        migrations.AddField(
            model_name='fieldchange',
            name='decided_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='fieldchange',
            name='product',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='field_changes', to='catalog.product'),
        ),
        migrations.AddField(
            model_name='fieldchange',
            name='run',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='field_changes', to='catalog.syncrun'),
        ),
        migrations.AddField(
            model_name='fieldpolicy',
            name='product',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='policies', to='catalog.product'),
        ),
        migrations.AddField(
            model_name='oldslug',
            name='product',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='old_slugs', to='catalog.product'),
        ),
        migrations.AddField(
            model_name='syncpause',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='fieldchange',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('product', 'field'), name='field_change_waits_once'),
        ),
        migrations.AddConstraint(
            model_name='fieldpolicy',
            constraint=models.UniqueConstraint(condition=models.Q(('product__isnull', True)), fields=('field',), name='field_policy_once_for_all'),
        ),
        migrations.AddConstraint(
            model_name='fieldpolicy',
            constraint=models.UniqueConstraint(fields=('field', 'product'), name='field_policy_once_a_product'),
        ),
    ]
