"""Staff's size tables in templates."""

from django import template

from catalog import measures
from catalog.curation import SizeTable
from catalog.models import Product

register = template.Library()


@register.inclusion_tag("catalog/_measures.html")
def measures_of(product: Product) -> dict[str, object]:
    """The table of what the product is made of, or nothing."""
    found = measures.of_product(product)
    return {"tables": [found] if found else [], "heading": 3}


@register.inclusion_tag("catalog/_measures.html")
def all_measures() -> dict[str, object]:
    return {"tables": [measures.measures(table) for table in SizeTable.objects.all()], "heading": 2}


@register.simple_tag
def has_measures(product: Product) -> bool:
    return bool(product.blueprint_id) and SizeTable.objects.filter(blueprint_id=product.blueprint_id).exists()
