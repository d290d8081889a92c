"""One code for an order, and the key that codes count a customer by."""

from typing import Any

from django.db import migrations, models
from django.db.models import F, Q
from django.utils import timezone


def release_swapped_codes(apps: Any, _schema: Any) -> None:
    """Of several codes that one order has used up, only the last one taken counts."""
    uses, codes = apps.get_model("payments", "CouponUse").objects, apps.get_model("payments", "Coupon").objects
    counted: set[int] = set()
    for use in uses.filter(released_at=None).order_by("-at", "-pk"):
        if use.order_id in counted:
            uses.filter(pk=use.pk).update(released_at=timezone.now())
            codes.filter(pk=use.coupon_id, used__gt=0).update(used=F("used") - 1)
        counted.add(use.order_id)


def fill_customer_keys(apps: Any, _schema: Any) -> None:
    from payments.coupons import customer_key

    uses = apps.get_model("payments", "CouponUse").objects
    for pk, email in uses.filter(customer_key="").values_list("pk", "email").iterator():
        uses.filter(pk=pk).update(customer_key=customer_key(email))


class Migration(migrations.Migration):
    dependencies = [("payments", "0008_one_open_session_per_cart")]

    operations = [
        migrations.AddField(
            model_name="couponuse",
            name="customer_key",
            field=models.CharField(
                db_default="",
                default="",
                editable=False,
                help_text="For the limit per customer: a digest.",
                max_length=64,
            ),
        ),
        migrations.AddIndex(
            model_name="couponuse",
            index=models.Index(fields=["coupon", "customer_key"], name="coupon_use_customer"),
        ),
        migrations.RunPython(release_swapped_codes, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="couponuse",
            constraint=models.UniqueConstraint(
                condition=Q(released_at__isnull=True), fields=("order",), name="order_one_coupon"
            ),
        ),
        migrations.RunPython(fill_customer_keys, migrations.RunPython.noop),
    ]
