"""Searches that found nothing, for staff: the words and how often, never who asked."""

import re

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from limits import parse

from catalog.models import MissedSearch
from ilytat.integrations import rate_counters
from ilytat.integrations.throttle import client_address

RATE = parse("10/minute")
TERM_MAX = 60  # characters
TERMS_MAX = 2000  # rows
# Nobody looks for a thing by these: somebody's address, number or link went into the wrong box.
PERSONAL = re.compile(r"@|\d{5}|://|www\.|[\x00-\x1f]")


def note(request: HttpRequest, query: str, instead: str = "") -> None:
    """Count a search that found nothing by its own words. At most ten a minute from one address."""
    term = " ".join(query.casefold().split())[:TERM_MAX]
    if not term or PERSONAL.search(term) or not rate_counters.hit(RATE, "missed search", client_address(request)):
        return
    again = MissedSearch.objects.filter(term=term)
    changes = {"count": F("count") + 1, "instead": instead[:TERM_MAX], "last_at": timezone.now()}
    if not again.update(**changes):
        with transaction.atomic():
            MissedSearch.objects.get_or_create(term=term, defaults={"instead": instead[:TERM_MAX]})
        _cap()


def _cap() -> None:
    """The rarest and oldest make room."""
    surplus = MissedSearch.objects.count() - TERMS_MAX
    if surplus > 0:
        oldest = MissedSearch.objects.order_by("count", "last_at").values_list("pk", flat=True)[:surplus]
        MissedSearch.objects.filter(pk__in=list(oldest)).delete()
