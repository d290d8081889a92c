from django.db import migrations, models

BEFORE, AFTER = (f"Monday to Friday, {hours} Central Time" for hours in ("9 to 17", "9 a.m. to 5 p.m."))


def update_untouched_hours(apps, schema_editor):
    """What the owner wrote stays."""
    apps.get_model("notifications", "Brand").objects.filter(hours=BEFORE).update(hours=AFTER)


class Migration(migrations.Migration):

    dependencies = [
        ("notifications", "0009_brand_colors"),
    ]

    operations = [
        migrations.AlterField(
            model_name="brand",
            name="hours",
            field=models.CharField(default=AFTER, max_length=120),
        ),
        migrations.RunPython(update_untouched_hours, migrations.RunPython.noop),
    ]
