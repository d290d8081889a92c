"""Pictures that orders still show, long after the shop has changed its own."""

from collections.abc import Iterable

from catalog.images import cleanup
from orders.models import OrderLine


@cleanup.keeper
def ordered() -> Iterable[str]:
    return OrderLine.objects.exclude(image="").values_list("image", flat=True).distinct().iterator()
