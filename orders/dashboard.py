"""Orders under way, for staff's first page."""

from django.db.models import Count, Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from ilytat.integrations.dashboard import Tile, register
from orders.models import Fulfilment, Hold
from orders.states import BEFORE_PRODUCTION, FulfilmentState


@register(20, "orders.view_order")
def under_way() -> Tile:
    """How many paid orders have not been sent to their buyers yet."""
    counts: dict[tuple[str, bool], int] = {}
    held_now = Exists(Hold.objects.open().filter(fulfillment=OuterRef("pk")))
    rows = Fulfilment.objects.annotate(held=held_now).values_list("state", "held").annotate(Count("pk")).order_by()
    for state, is_held, count in rows:
        counts[(state, is_held)] = count
    held = sum(counts.get((state, True), 0) for state in BEFORE_PRODUCTION)
    waiting = sum(counts.get((state, False), 0) for state in BEFORE_PRODUCTION)
    printing = _all(counts, FulfilmentState.IN_PRODUCTION)
    stuck = _all(counts, FulfilmentState.ATTENTION)
    values = {
        _("wait for printing"): waiting,
        _("held"): held,
        _("printing"): printing,
        _("need you"): stuck,
        _("on their way"): _all(counts, FulfilmentState.SHIPPED),
    }
    detail = "; ".join(f"{count} {words}" for words, count in values.items() if count)
    url = f"{reverse('admin:orders_fulfilment_changelist')}?state__in=new,created,in_production,attention"
    tone = "bad" if stuck else "busy" if held else "good"
    return Tile(_("Orders to make"), str(waiting + held + printing + stuck), detail or _("nothing waits"), url, tone)


def _all(counts: dict[tuple[str, bool], int], state: str) -> int:
    return counts.get((state, True), 0) + counts.get((state, False), 0)
