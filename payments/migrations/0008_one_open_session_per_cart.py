"""One open payment page for a cart.

The carts are claimed last: PostgreSQL alters no table that has foreign keys still to be checked.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


def claim_carts(apps: Any, _schema: Any) -> None:
    """Give each cart to its newest open session. An older one of the same cart stays without: it is closed as before."""
    sessions = apps.get_model("payments", "CheckoutSession").objects
    rows = sessions.filter(state__in=("creating", "open"), order__cart__isnull=False).order_by("-created_at", "-pk")
    claimed: set[int] = set()
    for row in rows.select_related("order"):
        if row.order.cart_id not in claimed:
            claimed.add(row.order.cart_id)
            sessions.filter(pk=row.pk).update(cart_id=row.order.cart_id)


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_endings_nobody_reports"), ("payments", "0007_reconciliation")]

    operations = [
        migrations.AddField(
            model_name="checkoutsession",
            name="cart",
            field=models.ForeignKey(
                blank=True,
                help_text="The order's.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="orders.cart",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkoutsession",
            constraint=models.UniqueConstraint(
                condition=Q(state__in=("creating", "open")), fields=("cart",), name="session_one_open_per_cart"
            ),
        ),
        migrations.RunPython(claim_carts, migrations.RunPython.noop),
    ]
