"""What the catalogue keeps of a person: nothing, but for a name that somebody typed into the search box."""

from catalog.models import MissedSearch
from ilytat.integrations import privacy


def erase(_email: str, traces: frozenset[str]) -> None:
    """Terms are kept as `catalog.search.missed_searches` writes them."""
    for trace in traces:
        MissedSearch.objects.filter(term__contains=" ".join(trace.casefold().split())).delete()


privacy.register(privacy.Keeper("searches", export=lambda _: None, erase=erase))
