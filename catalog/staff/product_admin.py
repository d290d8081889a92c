"""The form of a product in the admin: staff's own values only. Everything else on that page is to be read."""

from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.files.storage import default_storage
from django.db import transaction
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.images import cleanup, encode
from catalog.models import PrintifyCache, Product, ProductImage, Variant
from catalog.models.curation import Policy
from catalog.staff import diffs
from catalog.staff.category_admin import LabelledInputs
from catalog.staff.diffs import money
from catalog.sync import changes, overrides
from ilytat.integrations.admin import ReadOnlyInline

PHOTO_BYTES_MAX = 10 * 1024 * 1024


class ProductForm(forms.ModelForm[Product]):
    """`own_photo` becomes a picture of the product; `policy_<field>` an exception from the shop's policy."""

    own_photo = forms.FileField(
        required=False,
        label=gettext_lazy("Add a photo of your own"),
        help_text=gettext_lazy("JPEG, PNG or WebP, up to 10 MB. Shown first; no synchronisation removes it."),
        widget=forms.ClearableFileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    class Meta:
        model = Product
        fields = (
            "title_override", "description_override", "slug", "hidden", "personalised", "featured", "position",
            "categories",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in policy_fields(self.instance).items():
            self.fields[f"policy_{name}"] = value

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        if overrides.taken(slug, self.instance):
            raise forms.ValidationError(_("Another product has or had this address."))
        return slug

    def clean_own_photo(self) -> Any:
        upload: Any = self.cleaned_data.get("own_photo")
        if upload is None:
            return None
        if upload.size > PHOTO_BYTES_MAX:
            raise forms.ValidationError(_("A photo may have up to 10 MB."))
        try:
            encode.make_copies(upload.read())
        except Exception as error:  # whatever the decoder raises: the file is no picture we can show
            raise forms.ValidationError(_("This file cannot be used as a picture.")) from error
        upload.seek(0)
        return upload


def policy_fields(product: Product | None) -> dict[str, forms.ChoiceField]:
    shop = changes.policies()
    own = changes.exceptions(product) if product and product.pk else {}
    words = dict(Policy.choices)
    return {
        field.name: forms.ChoiceField(
            label=str(field.label),
            required=False,
            choices=[
                ("", _("as in the shop: %(policy)s") % {"policy": words[Policy(shop[field.name])]}),
                *Policy.choices,
            ],
            initial=own.get(field.name, ""),
        )
        for field in changes.HOLDABLE
    }


def fieldsets() -> tuple[Any, ...]:
    """Staff's own first; what only Printify changes is folded away."""
    upstream = (
        "printify_id",
        ("visible", "is_locked", "gone_at"),
        ("blueprint_id", "print_provider_id"),
        "tags",
        "axes",
        "upstream_text",
        "safety_information",
        ("created_upstream", "updated_upstream", "synced_at"),
        "history",
    )
    shop = ("shown", ("hidden", "featured", "position"), "personalised", "categories", "slug", "own_photo")
    policy = tuple(f"policy_{field.name}" for field in changes.HOLDABLE)
    return (
        (_("In the shop"), {"fields": shop}),
        (_("Our own words (empty: Printify's are shown)"), {"fields": ("title_override", "description_override")}),
        (_("When Printify changes this product"), {"classes": ["collapse"], "fields": policy}),
        (_("From Printify"), {"classes": ["collapse"], "fields": upstream}),
    )


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
        transaction.on_commit(partial(cleanup.discard, obj.digest), robust=True)


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


CHANGES_SHOWN = ORDERS_SHOWN = 6
APP = "https://printify.com/app/product-details/"


def card(product: Product) -> dict[str, Any]:
    """`sides` is [(label, shown, Printify's)], `orders` [(id, number)] of paid ones, the newest first."""
    upstream = overrides.facts(product)
    rows = product.field_changes.exclude(state="preview").select_related("product")[:CHANGES_SHOWN]
    # Upwards by the reverse relation: orders know of products, not the other way round.
    lines = product.orderline_set.filter(order__state="paid")
    return {
        "product": product,
        "sides": _sides(product, upstream),
        "overrides": overrides.overrides(product, upstream),
        "changes": diffs.diffs(rows),
        "cache": PrintifyCache.objects.filter(type="product", external_id=product.printify_id).defer("data").first(),
        "publishing": _publishing(product, upstream),
        "orders": lines.order_by("-order").values_list("order_id", "order__number").distinct()[:ORDERS_SHOWN],
        "old_slugs": list(product.old_slugs.values_list("slug", flat=True)),
        "printify_url": f"{APP}{product.printify_id}",
    }


def _sides(product: Product, said: Any) -> list[tuple[str, str, str]]:
    prices = [each.price for each in said.variants if each.is_enabled] if said else []
    pairs = [
        (_("Title"), product.title, said.title if said else ""),
        (_("Description"), _words(product.description), _words(said.description) if said else ""),
        (
            _("Price"),
            _range(product.price_from, product.price_to),
            _range(min(prices, default=None), max(prices, default=None)),
        ),
        (_("Tags"), ", ".join(product.tags), ", ".join(said.tags) if said else ""),
        (
            _("Visible"),
            _("yes") if product.visible else _("no"),
            (_("yes") if said.visible else _("no")) if said else "",
        ),
        (_("Address"), settings.SITE_URL + product.get_absolute_url(), ""),
    ]
    return [(str(label), ours, theirs or "–") for label, ours, theirs in pairs]


def _words(html: str) -> str:
    return strip_tags(html).strip()[:240]


def _range(low: int | None, high: int | None) -> str:
    if low is None or high is None:
        return "–"
    return diffs.money(low) if low == high else f"{diffs.money(low)} – {diffs.money(high)}"


def _publishing(product: Product, said: Any) -> str:
    if product.is_locked:
        return _("Publishing in Printify: the shop answers within minutes.")
    if product.gone_at:
        return _("No longer listed by Printify.")
    return _("Not locked: it can be edited in Printify.") if said else _("Nothing usable is kept of it.")
