"""Today's money, for staff's first page."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ilytat.display.money import format_money
from ilytat.integrations.dashboard import Tile, register
from payments import estimated_shipping
from payments.models import Payment, Refund


@register(10, "payments.view_payment")
def money_today() -> Tile:
    """By the shop's clock, in the shop's currency; payments of the other mode (test, live) do not count."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    amount, count = _received(today, today + timedelta(days=1))
    before, _count = _received(today - timedelta(days=1), today)
    details = [ngettext("%(count)s payment", "%(count)s payments", count) % {"count": count}]
    back = _given_back(today)
    if back:
        details.append(_("%(money)s given back") % {"money": _written(back)})
    difference, orders = estimated_shipping.recent()
    if orders:
        cost_more = _("estimated shipping in 90 days cost %(money)s more than quoted")
        cost_less = _("estimated shipping in 90 days cost %(money)s less than quoted")
        details.append((cost_more if difference > 0 else cost_less) % {"money": _written(abs(difference))})
    details.append(_("yesterday %(money)s") % {"money": _written(before)})
    url = f"{reverse('admin:payments_payment_changelist')}?at__gte={today:%Y-%m-%d}"
    return Tile(_("Money today"), _written(amount), "; ".join(details), url)


def _received(start: datetime, end: datetime) -> tuple[int, int]:
    rows = Payment.objects.filter(at__gte=start, at__lt=end, live=settings.STRIPE_LIVE)
    found = rows.filter(currency=settings.SHOP_CURRENCY).aggregate(amount=Sum("captured"), count=Count("pk"))
    return found["amount"] or 0, found["count"]


def _given_back(start: datetime) -> int:
    """What was asked for today, whether the bank has it yet or not."""
    rows = Refund.objects.filter(created_at__gte=start, payment__live=settings.STRIPE_LIVE).exclude(state="failed")
    found = rows.filter(payment__currency=settings.SHOP_CURRENCY).aggregate(amount=Sum("amount"))
    return found["amount"] or 0


def _written(amount: int) -> str:
    return format_money(amount, settings.SHOP_CURRENCY)
