"""What staff decide about a change: take it over, leave it, or take back one that was taken over.

Every decision is one transaction, made once: who comes second changes nothing. Nothing is asked of Printify.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import PrintifyCache, Product
from catalog.models.curation import FieldChange, Policy
from catalog.printify.products import read_product
from catalog.sync import changes, upsert
from catalog.sync.changes import FIELDS
from catalog.sync.writers import is_whole

State = FieldChange.State
TAKEN_OVER = (State.APPLIED, State.APPROVED)
UNDECIDED = (State.WAITING, State.IGNORED, State.DECLINED)


def approve(change_id: int, by: Any) -> bool:
    """Take over what waits (or was ignored or declined), as Printify says it now. False when it was decided before."""
    with transaction.atomic():
        change = _take(change_id, UNDECIDED, State.APPROVED, by)
        if change is None:
            return False
        stored = upsert.reapply(change.product.printify_id, granted=[change.field], told=change.field)
        for taken in (each for each in stored.found if each.field == change.field):
            FieldChange.objects.filter(pk=change.pk).update(before=taken.before, after=taken.after)
    return True


def decline(change_id: int, by: Any) -> bool:
    """Keep ours. The same value does not ask again; another one does."""
    return _take(change_id, (State.WAITING,), State.DECLINED, by) is not None


def revert(change_id: int, by: Any) -> bool:
    """Back to what was shown before, as staff's own value: no synchronisation undoes it, only staff do."""
    with transaction.atomic():
        change = _take(change_id, TAKEN_OVER, State.REVERTED, by)
        if change is None or why_final(change):
            transaction.set_rollback(True)
            return False
        acknowledge(change.product, change.field, change.before)
    return True


def why_final(change: FieldChange) -> str:
    """Why the old value cannot be shown again, in staff's words; "" where it can."""
    known = FIELDS.get(change.field)
    if known is None or known.final:
        return str(known.final) if known else _("The shop no longer knows this field.")
    if change.field == "images" and not is_whole(change.before):
        return _("This was noted before the shop kept old pictures: they are gone.")
    return ""


def acknowledge(product: Product, field: str, value: Any) -> None:
    """Make `value` staff's own; prices are added to those kept already. Belongs into a transaction."""
    column = changes.OVERRIDES.get(field)
    pins = {name: mine for name, mine in product.pins.items() if name != field}
    if not (column and value):  # an empty column would show Printify's words
        pins[field] = product.pins.get(field, {}) | value if field == "price" else value
    own = {column: value} if column else {}
    _save(product, field, theirs(product, field, pins.get(field)), pins=pins, **own)
    upsert.reapply(product.printify_id)


def clear_override(product: Product, field: str) -> None:
    """Printify's value again."""
    basis = {name: said for name, said in product.basis.items() if name != field}
    pins = {name: value for name, value in product.pins.items() if name != field}
    with transaction.atomic():
        own = {changes.OVERRIDES[field]: ""} if field in changes.OVERRIDES else {}
        _update(product, basis=basis, pins=pins, override_moved=False, **own)
        upsert.reapply(product.printify_id, granted=[field])


def follow(field: str) -> int:
    """A policy was changed: what waited for its sake and need not any more is taken over. Returns how many."""
    waiting = FieldChange.objects.filter(field=field, state=State.WAITING).select_related("product")
    free = [row.product for row in waiting if changes.policies(row.product)[field] == Policy.AUTO]
    for product in free:
        upsert.reapply(product.printify_id)
    return len(free)


def theirs(product: Product, field: str, mine: Any = None) -> Any:
    """What Printify says of the field at present, in the shape that `Product.basis` keeps."""
    cache = PrintifyCache.objects.filter(type="product", external_id=product.printify_id).first()
    return changes.upstream_value(read_product(cache.data), field, mine) if cache and cache.data else mine


def _save(product: Product, field: str, said: Any, **values: Any) -> None:
    _update(product, basis=product.basis | {field: said}, **values)


def _update(product: Product, **values: Any) -> None:
    Product.objects.filter(pk=product.pk).update(**values, synced_at=timezone.now())
    product.refresh_from_db()


def _take(change_id: int, states: tuple[str, ...], state: str, by: Any) -> FieldChange | None:
    """The change, moved to `state` by us; None when somebody was quicker."""
    rows = FieldChange.objects.filter(pk=change_id, state__in=states)
    if not rows.update(state=state, decided_at=timezone.now(), decided_by=by):
        return None
    return FieldChange.objects.select_related("product").get(pk=change_id)
