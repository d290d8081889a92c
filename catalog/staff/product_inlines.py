"""What stands below a product in the admin: its variants with cost and margin, and its pictures."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.core.files.storage import default_storage
from django.db import transaction
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.images import unused_files
from catalog.models import Product, ProductImage, Variant
from catalog.staff.diffs import money
from catalog.staff.labelled_inputs import LabelledInputs
from ilytat.integrations.readonly import ReadOnlyInline


class VariantInline(ReadOnlyInline[Variant, Product]):
    """Only what is or was offered; `cost` is for staff's eyes."""

    model = Variant
    fields = readonly_fields = (
        "label", "sku", "sold_at", "costs", "margin", "is_enabled", "is_available", "is_default",
    )  # fmt: skip

    @admin.display(description=gettext_lazy("price"))
    def sold_at(self, row: Variant) -> str:
        pinned = str(row.variant_id) in row.product.pins.get("price", {})
        return money(row.price) + (" " + _("(ours)") if pinned else "")

    @admin.display(description=gettext_lazy("cost"))
    def costs(self, row: Variant) -> str:
        return money(row.cost)

    @admin.display(description=gettext_lazy("margin"))
    def margin(self, row: Variant) -> str:
        return f"{money(row.price - row.cost)} ({100 * (row.price - row.cost) // row.price} %)" if row.price else "-"


class ImageFormSet(BaseInlineFormSet[ProductImage, Product, Any]):
    """Photos of our own can be deleted; Printify's would come back with the next sync, and are hidden instead."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if DELETION_FIELD_NAME in form.fields and not form.instance.own:
            form.fields[DELETION_FIELD_NAME] = forms.BooleanField(
                required=False, disabled=True, widget=forms.HiddenInput
            )

    def delete_existing(self, obj: ProductImage, commit: bool = True) -> None:  # noqa: FBT001, FBT002 (Django's signature)
        super().delete_existing(obj, commit=commit)
        transaction.on_commit(partial(unused_files.discard, obj.digest), robust=True)


class ImageInline(LabelledInputs[ProductImage], admin.TabularInline[ProductImage, Product]):
    """Order and visibility are staff's; the pictures come from Printify, or are photos of our own."""

    model = ProductImage
    formset = ImageFormSet
    extra = 0
    labelled = ("place", "hidden")
    fields = ("thumb", "label", "place", "hidden", "own", "is_default", "size", "error")
    readonly_fields = ("thumb", "label", "own", "is_default", "size", "error")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 (Django's signature)
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change the pictures' order may take back a photo."""
        return self.has_change_permission(request, obj)

    @admin.display(description=gettext_lazy("our copy"))
    def thumb(self, row: ProductImage) -> SafeString | str:
        return thumb(row)

    @admin.display(description=gettext_lazy("original"))
    def size(self, row: ProductImage) -> str:
        return f"{row.width} × {row.height}" if row.width else _("not fetched yet")


def thumb(row: ProductImage) -> SafeString | str:
    if not row.files:
        return _("placeholder")
    smallest = row.files[min(row.files, key=int)]
    return format_html('<img src="{}" width="64" height="64" alt="">', default_storage.url(smallest))
