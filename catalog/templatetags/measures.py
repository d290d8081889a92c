"""Staff's size tables in templates."""

from django import template

from catalog import measures
from catalog.curation import SizeTable

register = template.Library()


@register.inclusion_tag("catalog/_measures.html")
def all_measures() -> dict[str, object]:
    return {"tables": [measures.measures(table) for table in SizeTable.objects.all()], "heading": 2}
