"""The catalogue's word, for staff's first page."""

from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from catalog.staff import status
from ilytat.integrations.dashboard import Tile, register

TONES = {"good": "good", "busy": "good", "bad": "bad"}


@register(40, "catalog.view_syncrun")
def catalogue() -> Tile:
    now = status.status()
    read = _("read %(ago)s ago") % {"ago": timesince(now.last_success, depth=1)} if now.last_success else now.reason
    detail = read if now.tone == "good" else now.reason
    for_sale = _("%(count)s for sale") % {"count": now.for_sale}
    return Tile(
        _("Catalogue"), now.word, f"{for_sale}; {detail}", reverse("admin:catalog_panel"), TONES.get(now.tone, "busy")
    )
