"""What a shopper has chosen on a product page, from the address, by option-value ids; never guessed from titles.

A choice that is not there is no choice: nothing silently becomes the first variant.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from catalog.color_groups import clean_hexes
from catalog.models import Product, Variant

COLOUR = "color"
ID_DIGITS_MAX = 18


@dataclass(frozen=True)
class Value:
    """`url` is this page with the value chosen, "" when there is no way to buy it; `reason` says why, in words."""

    id: int
    name: str
    hexes: tuple[str, ...]
    chosen: bool
    url: str
    reason: str = ""


@dataclass(frozen=True)
class Axis:
    key: str
    name: str
    values: list[Value]

    @property
    def is_colour(self) -> bool:
        return self.key == COLOUR

    @cached_property
    def chosen(self) -> Value | None:
        return next((value for value in self.values if value.chosen), None)

    @property
    def unavailable(self) -> list[Value]:
        return [value for value in self.values if value.reason]


@dataclass(frozen=True)
class Selection:
    """`variant` is what would go into the cart: None until every axis is chosen, and for what is not made."""

    axes: list[Axis]
    variant: Variant | None
    prices: tuple[int, int]
    candidates: list[Variant]
    siblings: list[Variant]

    @property
    def missing(self) -> list[Axis]:
        return [axis for axis in self.axes if axis.chosen is None]

    @property
    def buyable(self) -> bool:
        return self.variant is not None and self.variant.is_available

    @property
    def colour(self) -> Value | None:
        return next((axis.chosen for axis in self.axes if axis.is_colour), None)

    @property
    def label(self) -> str:
        return " / ".join(axis.chosen.name for axis in self.axes if axis.chosen)

    @property
    def hidden_fields(self) -> list[tuple[str, int]]:
        return [(axis.key, axis.chosen.id) for axis in self.axes if axis.chosen]


Chosen = dict[str, int]


def select(product: Product, offered: Sequence[Variant], query: Mapping[str, str], *, carried: str = "") -> Selection:
    """`offered` are the product's enabled variants, in order; at least one. `carried` ends every choice's address."""
    axes = _axes(product, offered)
    chosen = _chosen(axes, offered, query)
    fitting = _matching(offered, chosen.values())
    by_colour = _matching(offered, [chosen[COLOUR]] if COLOUR in chosen else [])
    complete = len(chosen) == len(axes)
    pool = fitting or by_colour or list(offered)
    return Selection(
        axes=[_carrying(_shown(product, key, axis, chosen, offered), carried) for key, axis in axes.items()],
        variant=fitting[0] if complete and fitting else None,
        prices=(min(each.price for each in pool), max(each.price for each in pool)),
        candidates=fitting,
        siblings=by_colour,
    )


def _axes(product: Product, offered: Iterable[Variant]) -> dict[str, dict[str, Any]]:
    """The product's axes by the name they have in the address, each with the values that are offered."""
    ids = {option for variant in offered for option in variant.option_ids}
    found: dict[str, dict[str, Any]] = {}
    for axis in product.options:
        values = [value for value in axis["values"] if value["id"] in ids]
        key = str(axis.get("type") or axis.get("name") or "").casefold()
        if values:
            found[key if key and key not in found and key.isidentifier() else f"option{len(found)}"] = {
                **axis,
                "values": values,
            }
    return found


def _chosen(axes: dict[str, dict[str, Any]], offered: Sequence[Variant], query: Mapping[str, str]) -> Chosen:
    """From `?variant=` or one id an axis. A lone value chooses itself; for the colour there is a first proposal."""
    named = next((each for each in offered if str(each.variant_id) == query.get("variant")), None)
    first = _proposal(offered)
    proposes = COLOUR not in query and "variant" not in query  # an unknown choice must not become another one
    chosen: Chosen = {}
    for key, axis in axes.items():
        ids = [int(value["id"]) for value in axis["values"]]
        asked = named.option_ids if named else [_number(query.get(key, ""))]
        picked = [one for one in ids if one in asked]
        if not picked and (len(ids) == 1 or (key == COLOUR and proposes)):
            picked = [one for one in ids if one in first.option_ids] or ids[:1]
        if picked:
            chosen[key] = picked[0]
    return chosen


def _proposal(offered: Sequence[Variant]) -> Variant:
    """Printify's default if it can be bought, else the first that can."""
    ranked = sorted(offered, key=lambda each: (not each.is_available, not each.is_default))
    return ranked[0]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= ID_DIGITS_MAX else -1


def _matching(offered: Iterable[Variant], ids: Iterable[int]) -> list[Variant]:
    wanted = set(ids)
    return [each for each in offered if wanted <= set(each.option_ids)]


def _shown(product: Product, key: str, axis: dict[str, Any], chosen: Chosen, offered: Sequence[Variant]) -> Axis:
    titles = [str(value["title"]) for value in axis["values"]]
    values = []
    for place, value in enumerate(axis["values"]):
        name = titles[place]
        if titles.count(name) > 1:  # printers list a colour twice under two ids (Printify contract, section 6)
            name = f"{name} ({titles[: place + 1].count(name)})"
        values.append(_value(product, key, value, name, chosen, offered))
    return Axis(key, _axis_name(key, str(axis.get("name", ""))), values)


def _carrying(axis: Axis, carried: str) -> Axis:
    values = [replace(value, url=value.url + carried) if value.url else value for value in axis.values]
    return replace(axis, values=values)


def _value(
    product: Product, key: str, value: dict[str, Any], name: str, chosen: Chosen, offered: Sequence[Variant]
) -> Value:
    option = int(value["id"])
    others = {other: one for other, one in chosen.items() if other != key}
    keep = _kept(key, option, others, offered)
    free = bool(_sellable(offered, [option, *keep.values()]))
    # A colour can always be looked at; a sold-out size has no address.
    address = f"{product.get_absolute_url()}?{urlencode(keep | {key: option})}" if free or key == COLOUR else ""
    reason = "" if free else _reason(key, option, others, offered)
    hexes = clean_hexes(value.get("colors") or [])[:2]
    return Value(option, name, hexes, chosen.get(key) == option, address, reason)


def _kept(key: str, option: int, others: Chosen, offered: Sequence[Variant]) -> Chosen:
    """What stays chosen beside it: everything, or the colour alone where the rest would lead nowhere."""
    if key == COLOUR or _sellable(offered, [option, *others.values()]):
        return others
    return {name: one for name, one in others.items() if name == COLOUR}


def _sellable(offered: Sequence[Variant], ids: Iterable[int]) -> list[Variant]:
    return [each for each in _matching(offered, ids) if each.is_available]


def _reason(key: str, option: int, others: Chosen, offered: Sequence[Variant]) -> str:
    if not _sellable(offered, [option]) or (key != COLOUR and COLOUR not in others):
        return _("sold out")
    beside = _matching(offered, [option, *others.values()])
    if key == COLOUR:
        return _("sold out in this size") if beside else _("not made in this size")
    return _("sold out in this color") if beside else _("not made in this color")


def _axis_name(key: str, given: str) -> str:
    names = {COLOUR: _("Color"), "size": _("Size"), "surface": _("Surface"), "paper": _("Paper"), "shape": _("Shape")}
    names |= {"quantity": _("Pack"), "style": _("Style")}
    return names.get(key, given) if key != "size" or "model" not in given.casefold() else _("Model")
