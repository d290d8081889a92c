"""The catalogue for staff: what Printify says beside what the shop shows, and the few things staff decide."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from catalog import category_admin, queueing, search_admin, sync_admin
from catalog.models import PriceChange, Product, ProductImage, Variant
from ilytat.display.money import written
from ilytat.integrations.readonly import ReadOnlyInline

__all__ = ["ProductAdmin", "category_admin", "search_admin", "sync_admin"]

HISTORY = 30


class VariantInline(ReadOnlyInline[Variant, Product]):
    """Only what is or was offered; `cost` is for staff's eyes."""

    model = Variant
    fields = readonly_fields = (
        "label",
        "sku",
        "sold_at",
        "costs",
        "margin",
        "is_enabled",
        "is_available",
        "is_default",
    )

    @admin.display(description="price")
    def sold_at(self, row: Variant) -> str:
        return _money(row.price)

    @admin.display(description="cost")
    def costs(self, row: Variant) -> str:
        return _money(row.cost)

    @admin.display(description="margin")
    def margin(self, row: Variant) -> str:
        return f"{_money(row.price - row.cost)} ({100 * (row.price - row.cost) // row.price} %)" if row.price else "-"


class ImageInline(ReadOnlyInline[ProductImage, Product]):
    model = ProductImage
    fields = readonly_fields = ("thumb", "label", "is_default", "size", "error", "source_url")

    @admin.display(description="our copy")
    def thumb(self, row: ProductImage) -> SafeString | str:
        return _thumb(row)

    @admin.display(description="original")
    def size(self, row: ProductImage) -> str:
        return f"{row.width} × {row.height}" if row.width else "not fetched yet"


class CategoryFilter(admin.RelatedFieldListFilter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The last choice is the list of what no rule and nobody has placed; a dash would not say so.
        self.empty_value_display = mark_safe("in no category")


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin[Product]):
    """Products come and go with Printify: nobody adds or deletes them here."""

    list_display = ("picture", "name", "prices", "stock", "shown", "featured", "position", "synced_at")
    list_display_links = ("picture", "name")
    list_editable = ("featured", "position")
    list_filter = (
        ("categories", CategoryFilter),
        "hidden",
        "featured",
        "in_stock",
        "visible",
        "is_locked",
        ("gone_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("upstream_title", "title_override", "printify_id", "slug", "variants__sku")
    list_per_page = 50
    actions = ("read_again", "hide", "show", "feature", "unfeature")
    inlines = (VariantInline, ImageInline)
    formfield_overrides = {models.ManyToManyField: {"widget": forms.CheckboxSelectMultiple}}
    readonly_fields = (
        "shown",
        "upstream_title",
        "upstream_text",
        "safety_information",
        "axes",
        "tags",
        "blueprint_id",
        "print_provider_id",
        "printify_id",
        "slug",
        "visible",
        "is_locked",
        "created_upstream",
        "updated_upstream",
        "synced_at",
        "gone_at",
        "history",
    )
    fieldsets = (
        ("In the shop", {"fields": ("shown", ("hidden", "featured", "position"), "categories")}),
        (
            "Words of our own (empty: Printify's are shown)",
            {"fields": ("title_override", "upstream_title", "description_override", "upstream_text")},
        ),
        (
            "From Printify",
            {
                "fields": (
                    ("printify_id", "slug"),
                    ("visible", "is_locked", "gone_at"),
                    ("blueprint_id", "print_provider_id"),
                    "tags",
                    "axes",
                    "safety_information",
                    ("created_upstream", "updated_upstream", "synced_at"),
                    "history",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        pictures = Prefetch("images", queryset=ProductImage.objects.exclude(files={}), to_attr="pictured")
        offered = Count("variants", filter=Q(variants__is_enabled=True), distinct=True)
        sellable = Count("variants", filter=Q(variants__is_enabled=True, variants__is_available=True), distinct=True)
        return super().get_queryset(request).annotate(offered=offered, sellable=sellable).prefetch_related(pictures)

    @admin.display(description="")
    def picture(self, row: Product) -> SafeString | str:
        pictured: list[ProductImage] = getattr(row, "pictured", [])
        return _thumb(pictured[0]) if pictured else "no picture"

    @admin.display(description="title", ordering="upstream_title")
    def name(self, row: Product) -> SafeString | str:
        if not row.title_override:
            return row.upstream_title
        return format_html("{}<br>Printify: {}", row.title_override, row.upstream_title)

    @admin.display(description="price", ordering="price_from")
    def prices(self, row: Product) -> str:
        if row.price_from is None or row.price_to is None:
            return "-"
        low, high = _money(row.price_from), _money(row.price_to)
        return low if low == high else f"{low} to {high}"

    @admin.display(description="in stock", ordering="in_stock")
    def stock(self, row: Product) -> str:
        return f"{getattr(row, 'sellable', 0)} of {getattr(row, 'offered', 0)}"

    @admin.display(description="shown")
    def shown(self, row: Product) -> str:
        """In the shop or not, with every reason against it."""
        reasons = [
            words
            for is_so, words in (
                (row.gone_at is not None, "no longer listed by Printify"),
                (not row.visible, "not visible at Printify"),
                (row.hidden, "hidden by staff"),
                (row.price_from is None, "no variant enabled"),
            )
            if is_so
        ]
        return "no: " + ", ".join(reasons) if reasons else "yes"

    @admin.display(description="Printify's description (HTML as it came)")
    def upstream_text(self, row: Product) -> SafeString:
        return format_html("<details><summary>Show</summary><pre>{}</pre></details>", row.upstream_description)

    @admin.display(description="options")
    def axes(self, row: Product) -> SafeString:
        named = ((axis["name"], len(axis["values"])) for axis in row.options)
        return format_html_join(", ", "{} ({})", named)

    @admin.display(description="latest prices")
    def history(self, row: Product) -> SafeString:
        changes = PriceChange.objects.filter(variant__product=row).select_related("variant__product").order_by("-at")
        lines = (
            (f"{each.at:%F %H:%M}", each.variant.label, _money(each.price), "" if each.available else "not available")
            for each in changes[:HISTORY]
        )
        items = format_html_join("", "<li>{} {}: {} {}</li>", lines)
        return format_html("<details><summary>Show</summary><ul>{}</ul></details>", items)

    @admin.action(description="Read again from Printify now", permissions=["change"])
    def read_again(self, request: HttpRequest, rows: QuerySet[Product]) -> None:
        keys = [row.printify_id for row in rows]
        if queueing.ask(queueing.READ_AGAIN, keys):
            self.message_user(request, f"{len(keys)} queued.", messages.SUCCESS)
        else:
            self.message_user(request, "Nothing was queued: the broker cannot be reached.", messages.ERROR)

    @admin.action(description="Hide in the shop", permissions=["change"])
    def hide(self, request: HttpRequest, rows: QuerySet[Product]) -> None:
        self._set(request, rows, hidden=True)

    @admin.action(description="Show in the shop again", permissions=["change"])
    def show(self, request: HttpRequest, rows: QuerySet[Product]) -> None:
        self._set(request, rows, hidden=False)

    @admin.action(description="Feature", permissions=["change"])
    def feature(self, request: HttpRequest, rows: QuerySet[Product]) -> None:
        self._set(request, rows, featured=True)

    @admin.action(description="Feature no longer", permissions=["change"])
    def unfeature(self, request: HttpRequest, rows: QuerySet[Product]) -> None:
        self._set(request, rows, featured=False)

    def _set(self, request: HttpRequest, rows: QuerySet[Product], **values: bool) -> None:
        """Only rows it changes anything for; lists and caches learn of it by `synced_at`."""
        keys = list(rows.exclude(**values).values_list("pk", flat=True))
        for row in Product.objects.filter(pk__in=keys):
            self.log_change(request, row, f"{values}")
        Product.objects.filter(pk__in=keys).update(**values, synced_at=timezone.now())
        self.message_user(request, f"{len(keys)} changed, {rows.count() - len(keys)} were so already.")

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:  # noqa: FBT001, ARG002 (Django's signature)
        """Staff's columns only: a sync may have written the others since the form was opened."""
        obj.synced_at = timezone.now()
        names = {"title_override", "description_override", "hidden", "featured", "position"} & set(form.changed_data)
        obj.save(update_fields=[*names, "synced_at"])

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 (Django's signature)
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:  # noqa: ARG002 (as above)
        return False


def _money(amount: int) -> str:
    return written(amount, settings.SHOP_CURRENCY, "en")


def _thumb(row: ProductImage) -> SafeString | str:
    if not row.files:
        return "placeholder"
    smallest = row.files[min(row.files, key=int)]
    return format_html('<img src="{}" width="64" height="64" alt="">', default_storage.url(smallest))
