"""Staff's size tables in templates."""

from django import template

from catalog.models.curation import SizeTable
from catalog.storefront import size_tables

register = template.Library()


@register.inclusion_tag("catalog/_measures.html")
def all_measures() -> dict[str, object]:
    return {"tables": [size_tables.measures(table) for table in SizeTable.objects.all()], "heading": 2}
