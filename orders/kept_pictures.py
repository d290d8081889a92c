"""Pictures that orders still show, long after the shop has changed its own."""

from collections.abc import Iterable

from catalog import leftovers
from orders.models import OrderLine


@leftovers.keeper
def ordered() -> Iterable[str]:
    return OrderLine.objects.exclude(image="").values_list("image", flat=True).distinct().iterator()
