"""What Printify changed, field by field: compared, weighed by staff's policies, and written down.

Weighing reads and changes nothing, so that a dry run and a real one find the same. What is held back is replaced in
the facts by what the shop has, so that the writers need not know of it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from catalog.models import Product, ProductImage, SyncRun, Variant
from catalog.models.curation import FieldChange, FieldPolicy, Policy
from catalog.printify.products import Mockup, ProductFacts
from catalog.sync.writers import brought_back, camera, recorded

State = FieldChange.State
COLUMNS = {"title": "upstream_title", "description": "upstream_description", "safety_information": "safety_information"}
OVERRIDES = {"title": "title_override", "description": "description_override"}
OF_POLICY = {"auto": str(State.APPLIED), "ask": str(State.WAITING), "ignore": str(State.IGNORED)}
# Said once for each value that Printify sends, however often it is read.
SAID_ONCE = (State.IGNORED, State.OVERRIDDEN, State.DECLINED)


@dataclass(frozen=True)
class DetectedChange:
    """`state` is what becomes of it; see FieldChange for the values."""

    field: str
    before: Any
    after: Any
    policy: str
    state: str


@dataclass(frozen=True)
class PolicyResult:
    """`facts` as they are to be written; `redesigned`: all pictures are to be fetched anew.

    `moved`: Printify has changed something that staff override.
    """

    facts: ProductFacts
    redesigned: bool
    moved: bool = False
    found: list[DetectedChange] = field(default_factory=list)


def apply_policies(
    product: Product | None, facts: ProductFacts, *, redesigned: bool = False, granted: Collection[str] = ()
) -> PolicyResult:
    """`granted` are fields that staff have just approved, whatever the policy says."""
    if product is None:
        return PolicyResult(facts, redesigned)
    rows = {row.variant_id: row for row in Variant.objects.filter(product=product)}
    pictures = list(ProductImage.objects.filter(product=product, own=False).order_by("position", "pk"))
    chosen = policies(product) | dict.fromkeys(granted, str(Policy.AUTO))
    found = [
        DetectedChange(name, before, after, chosen.get(name, str(Policy.AUTO)), state)
        for name, before, after, overridden in _differences(product, facts, rows, pictures, redesigned=redesigned)
        for state in [str(State.OVERRIDDEN) if overridden else OF_POLICY[chosen.get(name, str(Policy.AUTO))]]
    ]
    held = {each.field: each for each in found if each.state in {State.WAITING, State.IGNORED}}
    kept = _pinned(product, _held_facts(product, facts, held, pictures))
    anew = redesigned and "images" not in {*held, *product.pins}
    return PolicyResult(kept, anew, has_moved(product, facts), found)


def record(product: Product, found: Iterable[DetectedChange], run: SyncRun | None) -> None:
    """Write down what was found. Belongs into the transaction that writes the product."""
    waiting = {row.field: row for row in product.field_changes.filter(state=State.WAITING)}
    for each in found:
        row = waiting.pop(each.field, None)
        if each.state == State.WAITING and row:
            row.copies = row.copies if row.after == each.after else {}
            row.after, row.before, row.at, row.run = each.after, each.before, timezone.now(), run or row.run
            row.save(update_fields=["after", "before", "at", "run", "copies"])
        elif not _said(product, each):
            _close(row)
            _add(product, each, run)
    for row in waiting.values():
        _close(row)


def preview(product: Product, found: Iterable[DetectedChange], run: SyncRun) -> None:
    """What a dry run found: the policy tells what a real one would do."""
    for each in found:
        _add(product, replace(each, state=State.PREVIEW), run)


def _add(product: Product, each: DetectedChange, run: SyncRun | None) -> None:
    values = {"before": each.before, "after": each.after, "policy": each.policy, "state": each.state}
    FieldChange.objects.create(product=product, run=run, field=each.field, **values)


def _close(row: FieldChange | None) -> None:
    """Printify has gone back to what we have, or the policy no longer asks."""
    if row:
        row.state, row.decided_at = State.SETTLED, timezone.now()
        row.save(update_fields=["state", "decided_at"])


def _said(product: Product, each: DetectedChange) -> bool:
    """Whether staff know already: they ignore or declined this very value."""
    if each.state not in {State.WAITING, *SAID_ONCE}:
        return False
    last = product.field_changes.filter(field=each.field).exclude(state=State.PREVIEW).first()
    return last is not None and last.state in SAID_ONCE and last.after == each.after


def has_moved(product: Product, facts: ProductFacts) -> bool:
    """Whether Printify now says something else than when staff overrode it."""
    return any(upstream_value(facts, name, basis) != basis for name, basis in product.basis.items())


def upstream_value(facts: ProductFacts, name: str, basis: Any = None) -> Any:
    """Printify's value of a field, in the shape that `Product.basis` keeps."""
    if name == "price":
        return {str(each.id): each.price for each in facts.variants if str(each.id) in (basis or {})}
    if name == "images":
        return [facts.design, *sorted("|".join(camera(each.url)) for each in facts.mockups)]
    value = getattr(facts, name)
    return list(value) if isinstance(value, tuple) else value


# Field, before, after, and whether staff's own value stands in its place.
Difference = tuple[str, Any, Any, bool]


def _differences(
    product: Product,
    facts: ProductFacts,
    rows: dict[int, Variant],
    pictures: list[ProductImage],
    *,
    redesigned: bool,
) -> Iterable[Difference]:
    plain = [(name, getattr(product, column), getattr(facts, name)) for name, column in COLUMNS.items()]
    plain.append(("tags", list(product.tags), list(facts.tags)))
    plain.append(("visible", product.visible, facts.visible))
    plain.append(("options", _names(product.options), _names([axis.as_json() for axis in facts.axes])))
    for name, before, after in plain:
        pinned = name in product.pins
        if before != after and not (pinned and after == product.basis.get(name)):
            yield name, before, after, pinned or bool(getattr(product, OVERRIDES.get(name, ""), ""))
    yield from _of_variants(product, rows, facts)
    yield from _of_pictures(product, pictures, facts, redesigned=redesigned)


def _of_pictures(
    product: Product, pictures: list[ProductImage], facts: ProductFacts, *, redesigned: bool
) -> Iterable[Difference]:
    """Other cameras, or the same ones with another design before them."""
    pinned = "images" in product.pins
    if pinned and upstream_value(facts, "images") == product.basis.get("images"):
        return
    if redesigned or [camera(row.source_url) for row in pictures] != [camera(each.url) for each in facts.mockups]:
        after = [{"url": each.url, "label": each.label, "design": facts.design[:8]} for each in facts.mockups]
        yield "images", [recorded(row) for row in pictures], after, pinned


Pairs = dict[str, tuple[Any, Any]]


def _of_variants(product: Product, rows: dict[int, Variant], facts: ProductFacts) -> Iterable[Difference]:
    now = {each.id: each for each in facts.variants}
    sold = [(key, row, now[key]) for key, row in rows.items() if key in now and row.is_enabled and now[key].is_enabled]
    prices: Pairs = {str(key): (row.price, each.price) for key, row, each in sold}
    pins, basis = product.pins.get("price", {}), product.basis.get("price", {})
    yield from _pairs("price", {key: pair for key, pair in prices.items() if key not in pins})
    moved = {key: pair for key, pair in prices.items() if key in pins and pair[1] != basis.get(key)}
    yield from _pairs("price", moved, overridden=True)
    yield from _pairs("cost", {str(key): (row.cost, each.cost) for key, row, each in sold})
    keys = [key for key in {*rows, *now} if key in rows or now[key].is_enabled]
    stock = {str(key): (stock_word(rows.get(key)), stock_word(now.get(key))) for key in sorted(keys)}
    yield from _pairs("availability", stock)


def _pairs(name: str, pairs: Pairs, *, overridden: bool = False) -> Iterable[Difference]:
    changed = {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
    if changed:
        before, after = ({key: pair[at] for key, pair in changed.items()} for at in (0, 1))
        yield name, before, after, overridden


def stock_word(each: Any) -> str:
    """How a row, or what Printify sends of it, stands for a buyer."""
    if each is None or not each.is_enabled:
        return "not offered"
    return "in stock" if each.is_available else "sold out"


def _names(options: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    return {str(axis["name"]): [str(value["title"]) for value in axis["values"]] for axis in options}


def _held_facts(
    product: Product, facts: ProductFacts, held: dict[str, DetectedChange], pictures: list[ProductImage]
) -> ProductFacts:
    """The same facts, with what the shop has in place of what is held back."""
    ours: dict[str, Any] = {name: getattr(product, column) for name, column in COLUMNS.items() if name in held}
    if "tags" in held:
        ours["tags"] = tuple(product.tags)
    if "visible" in held:
        ours["visible"] = product.visible
    if "images" in held:
        # The design that the shown pictures are of stays too, or a redesign would be forgotten while it waits.
        ours |= {"mockups": tuple(_mockup(row) for row in pictures), "design": product.design}
    if "price" in held:
        ours["variants"] = _priced(facts, held["price"].before)
    return replace(facts, **ours)


def _pinned(product: Product, facts: ProductFacts) -> ProductFacts:
    """Values that staff set by taking a change back: they stand until staff let go of them."""
    pins: dict[str, Any] = dict(product.pins)
    if "tags" in pins:
        pins["tags"] = tuple(pins["tags"])
    if "price" in pins:
        pins["variants"] = _priced(facts, pins.pop("price"))
    if "images" in pins:
        pins["mockups"] = tuple(brought_back(record) for record in pins.pop("images"))
    return replace(facts, **pins)


def _priced(facts: ProductFacts, prices: dict[str, int]) -> tuple[Any, ...]:
    return tuple(replace(each, price=prices.get(str(each.id), each.price)) for each in facts.variants)


def _mockup(row: ProductImage) -> Mockup:
    return Mockup(row.source_url, tuple(row.variant_ids), row.label, row.is_default)


@dataclass(frozen=True)
class Field:
    """`holdable`: may wait or be ignored. `final` says why the old value cannot be kept, "" where staff may keep it."""

    name: str
    label: str | Promise
    holdable: bool = True
    final: str | Promise = ""


FIELDS = {
    field.name: field
    for field in (
        Field("title", gettext_lazy("Title")),
        Field("description", gettext_lazy("Description")),
        Field("safety_information", gettext_lazy("Care and safety")),
        Field("tags", gettext_lazy("Tags")),
        Field("price", gettext_lazy("Price")),
        Field("images", gettext_lazy("Pictures")),
        Field("visible", gettext_lazy("Visible at Printify")),
        Field(
            "cost",
            gettext_lazy("Cost"),
            holdable=False,
            final=gettext_lazy("What Printify charges is not ours to choose."),
        ),
        Field(
            "availability",
            gettext_lazy("Stock"),
            holdable=False,
            final=gettext_lazy("What cannot be made cannot be sold. To sell less, switch the variant off in Printify."),
        ),
        Field(
            "options",
            gettext_lazy("Choices"),
            holdable=False,
            final=gettext_lazy("Choices belong to the variants as Printify makes them: change them there."),
        ),
    )
}
HOLDABLE = tuple(field for field in FIELDS.values() if field.holdable)


def policies(product: Product | None = None) -> dict[str, str]:
    """The policy of each field: the product's own, else the shop's, else that of a shop nobody has set up."""
    found = {field.name: str(Policy.AUTO) for field in HOLDABLE}
    rows = FieldPolicy.objects.filter(Q(product__isnull=True) | Q(product=product))
    pairs = rows.values_list("product_id", "field", "policy")
    for _product, name, policy in sorted(pairs, key=lambda row: row[0] is not None):
        if name in found:
            found[name] = policy
    return found


def exceptions(product: Product) -> dict[str, str]:
    return dict(FieldPolicy.objects.filter(product=product).values_list("field", "policy"))


def choose(field: str, policy: str, product: Product | None = None) -> bool:
    """Set a policy; "" on a product removes its exception. Returns whether anything changed."""
    row = FieldPolicy.objects.filter(field=field, product=product).first()
    if (row.policy if row else "") == policy:
        return False
    if not policy:
        FieldPolicy.objects.filter(field=field, product=product).delete()
    else:
        FieldPolicy.objects.update_or_create(field=field, product=product, defaults={"policy": policy})
    return True
