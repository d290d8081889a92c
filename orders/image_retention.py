"""Pictures that orders still show, long after the shop has changed its own."""

from collections.abc import Iterable

from catalog.images import unused_files
from orders.models import OrderLine


@unused_files.keeper
def ordered() -> Iterable[str]:
    return OrderLine.objects.exclude(image="").values_list("image", flat=True).distinct().iterator()
