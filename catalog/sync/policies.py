"""What may happen by itself when Printify changes something, and what waits for staff: a policy a field.

A policy holds for the whole shop; a product may have an exception. Stock and cost have none: what cannot be made is
not sold, and what we pay is not ours to choose.
"""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from catalog.models.curation import FieldPolicy, Policy


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
        Field("title", _("Title")),
        Field("description", _("Description")),
        Field("safety_information", _("Care and safety")),
        Field("tags", _("Tags")),
        Field("price", _("Price")),
        Field("images", _("Pictures")),
        Field("visible", _("Visible at Printify")),
        Field("cost", _("Cost"), holdable=False, final=_("What Printify charges is not ours to choose.")),
        Field(
            "availability",
            _("Stock"),
            holdable=False,
            final=_("What cannot be made cannot be sold. To sell less, switch the variant off in Printify."),
        ),
        Field(
            "options",
            _("Choices"),
            holdable=False,
            final=_("Choices belong to the variants as Printify makes them: change them there."),
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
