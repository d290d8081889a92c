"""Kinds of product (tees, mugs, posters …), told from Printify's tags: what a newcomer judges the shop's range by.

A kind is what a thing is; a category (staff's own, `catalog.categories`) is where it stands.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class ProductType:
    slug: str
    name: str | Promise
    tags: frozenset[str]


def _kind(slug: str, name: str | Promise, *tags: str) -> ProductType:
    return ProductType(slug, name, frozenset(tag.casefold() for tag in tags))


# The first that matches wins: a hoodie tagged "Sweatshirts" as well is a hoodie.
KINDS = (
    _kind("t-shirts", _("T-shirts"), "T-shirts"),
    _kind("hoodies", _("Hoodies"), "Hoodies"),
    _kind("sweatshirts", _("Sweatshirts"), "Sweatshirts"),
    _kind("long-sleeves", _("Long sleeves"), "Long-sleeves", "Long Sleeves"),
    _kind("tank-tops", _("Tank tops"), "Tank Tops"),
    _kind("mugs", _("Mugs"), "Mugs"),
    _kind("bottles", _("Bottles & tumblers"), "Bottles & Tumblers", "Tumblers", "Water Bottles"),
    _kind("posters", _("Wall art"), "Posters", "Canvas", "Wall Art"),
    _kind("pillows", _("Pillows"), "Pillows & Covers", "Pillows"),
    _kind("blankets", _("Blankets"), "Blankets"),
    _kind("hats", _("Hats"), "Hats", "Beanies", "Headwear"),
    _kind("tote-bags", _("Tote bags"), "Tote Bags"),
    _kind("bags", _("Bags"), "Bags", "Backpacks"),
    _kind("phone-cases", _("Phone cases"), "Phone Cases"),
    _kind("notebooks", _("Notebooks"), "Notebooks", "Journals & Notebooks"),
    _kind("stickers", _("Stickers"), "Stickers"),
    _kind("magnets", _("Magnets"), "Magnets", "Car Accessories", "Magnets & Stickers"),
    _kind("socks", _("Socks"), "Socks"),
    _kind("kids", _("Kids & baby"), "Kids' Clothing", "Baby Clothing", "Kids", "Baby"),
)
OTHER = ProductType("other", _("More good things"), frozenset())
BY_SLUG = {kind.slug: kind for kind in (*KINDS, OTHER)}


def kind_of(tags: Iterable[str]) -> ProductType:
    folded = {tag.casefold() for tag in tags}
    return next((kind for kind in KINDS if not kind.tags.isdisjoint(folded)), OTHER)
