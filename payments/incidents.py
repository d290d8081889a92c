"""Differences that stay open until a person closes their alert, also when later runs do not meet them again."""

from ilytat.integrations import alerts
from ilytat.integrations.models import Alert
from orders.models import Order
from payments.models import Difference, ReconcileRun

UNKNOWN_ORDER = "order unknown here"
CHARGE = "charge differs"
REFUNDED = "paid but refunded"
KINDS = (UNKNOWN_ORDER, CHARGE, REFUNDED)
DEALT_WITH = "staff have dealt with it"


def report(
    run: ReconcileRun,
    kind: str,
    key: str,
    text: str,
    *,
    next_step: str,
    reference: str,
    order: Order | None = None,
    printify_order_id: str = "",
) -> Difference:
    """Return the unsaved difference; open its alert unless there was one. Once that is closed, it is explained."""
    alert = Alert.objects.filter(key=key)
    is_dealt_with = alert.exists() and not alert.filter(closed_at=None).exists()
    if not alert.exists():
        alerts.open_alert(key, text, next_step=next_step)
    return Difference(
        run=run,
        kind=kind,
        order=order,
        reference=reference[:120],
        printify_order_id=printify_order_id[:40],
        explanation=text[:300],
        action=(DEALT_WITH if is_dealt_with else next_step)[:200],
        explained=is_dealt_with,
    )
