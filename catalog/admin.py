"""The catalogue for staff: what Printify says beside what the shop shows, and the few things staff decide."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from catalog.models import PriceChange, Product, ProductImage
from catalog.staff import category_admin, panel, product_admin, search_admin, size_admin, sync_admin
from catalog.staff.category_admin import LabelledInputs
from catalog.staff.diffs import money
from catalog.staff.product_admin import ImageInline, ProductForm, VariantInline, fieldsets, thumb
from catalog.sync import changes, decisions, overrides, runs

__all__ = ["ProductAdmin", "category_admin", "search_admin", "size_admin", "sync_admin"]

HISTORY = 30


class CategoryFilter(admin.RelatedFieldListFilter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The last choice is the list of what no rule and nobody has placed; a dash would not say so.
        self.empty_value_display = format_html("{}", _("in no category"))


@admin.register(Product)
class ProductAdmin(LabelledInputs[Product], admin.ModelAdmin[Product]):
    """Products come and go with Printify: nobody adds or deletes them here."""

    form = ProductForm
    change_form_template = "admin/catalog/product.html"
    list_display = ("picture", "name", "prices", "stock", "shown", "featured", "position", "synced_at")
    list_display_links = ("picture", "name")
    list_editable = labelled = ("featured", "position")
    list_filter = (
        ("categories", CategoryFilter), "override_moved", "hidden", "featured", "in_stock", "visible", "is_locked",
        ("gone_at", admin.EmptyFieldListFilter),
    )  # fmt: skip
    search_fields = ("upstream_title", "title_override", "printify_id", "slug", "variants__sku")
    list_per_page = 50
    actions = ("sync_chosen", "dry_run", "hide", "show", "feature", "unfeature")
    inlines = (ImageInline, VariantInline)
    formfield_overrides = {models.ManyToManyField: {"widget": forms.CheckboxSelectMultiple}}
    readonly_fields = (
        "shown", "upstream_text", "safety_information", "axes", "tags", "blueprint_id", "print_provider_id",
        "printify_id", "visible", "is_locked", "created_upstream", "updated_upstream", "synced_at", "gone_at",
        "history",
    )  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: Product | None = None) -> Any:  # noqa: ARG002 (Django's signature)
        return fieldsets()

    def get_form(self, request: HttpRequest, obj: Product | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 (Django's signature)
        """The form's own fields are declared by the form, not looked up on the model."""
        return super().get_form(request, obj, change, **kwargs | {"fields": ProductForm.Meta.fields})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.override))
        own = path("<int:product_id>/override/<slug:verb>/<slug:field>/", view, name="catalog_override")
        return [own, *super().get_urls()]

    def override(self, request: HttpRequest, product_id: int, verb: str, field: str) -> HttpResponse:
        """Beside one override: Printify's value again, or "seen, ours stays"."""
        product = get_object_or_404(Product, pk=product_id)
        if not self.has_change_permission(request, product) or verb not in {"drop", "keep"}:
            raise PermissionDenied
        if field in product.basis:
            (overrides.clear_override if verb == "drop" else overrides.keep)(product, field)
            self.log_change(request, product, f"{verb} override of {field}")
            message = _("Printify's value is shown again.") if verb == "drop" else _("Seen: ours stays.")
            self.message_user(request, message, messages.SUCCESS)
        return redirect("admin:catalog_product_change", product.pk)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        obj = kwargs.get("obj")
        if obj is not None:
            context |= {"card": product_admin.card(obj), "may": request.user.has_perm(panel.PERMISSION)}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        pictures = Prefetch(
            "images", queryset=ProductImage.objects.filter(hidden=False).exclude(files={}), to_attr="pictured"
        )
        offered = Count("variants", filter=Q(variants__is_enabled=True), distinct=True)
        sellable = Count("variants", filter=Q(variants__is_enabled=True, variants__is_available=True), distinct=True)
        return super().get_queryset(request).annotate(offered=offered, sellable=sellable).prefetch_related(pictures)

    @admin.display(description="")
    def picture(self, row: Product) -> SafeString | str:
        pictured: list[ProductImage] = getattr(row, "pictured", [])
        return thumb(pictured[0]) if pictured else _("no picture")

    @admin.display(description=gettext_lazy("title"), ordering="upstream_title")
    def name(self, row: Product) -> SafeString | str:
        if not row.title_override:
            return row.upstream_title
        return format_html("{}<br>Printify: {}", row.title_override, row.upstream_title)

    @admin.display(description=gettext_lazy("price"), ordering="price_from")
    def prices(self, row: Product) -> str:
        if row.price_from is None or row.price_to is None:
            return "-"
        low, high = money(row.price_from), money(row.price_to)
        return low if low == high else _("%(low)s to %(high)s") % {"low": low, "high": high}

    @admin.display(description=gettext_lazy("in stock"), ordering="in_stock")
    def stock(self, row: Product) -> str:
        return f"{getattr(row, 'sellable', 0)} / {getattr(row, 'offered', 0)}"

    @admin.display(description=gettext_lazy("shown"))
    def shown(self, row: Product) -> str:
        """In the shop or not, with every reason against it."""
        reasons = [
            words
            for is_so, words in (
                (row.gone_at is not None, _("no longer listed by Printify")),
                (not row.visible, _("not visible at Printify")),
                (row.hidden, _("hidden by staff")),
                (row.price_from is None, _("no variant enabled")),
            )
            if is_so
        ]
        return _("no: %(reasons)s") % {"reasons": ", ".join(reasons)} if reasons else _("yes")

    @admin.display(description=gettext_lazy("Printify's description (HTML as it came)"))
    def upstream_text(self, row: Product) -> SafeString:
        return format_html("<details><summary>{}</summary><pre>{}</pre></details>", _("Show"), row.upstream_description)

    @admin.display(description=gettext_lazy("options"))
    def axes(self, row: Product) -> SafeString:
        return format_html_join(", ", "{} ({})", ((axis["name"], len(axis["values"])) for axis in row.options))

    @admin.display(description=gettext_lazy("latest prices"))
    def history(self, row: Product) -> SafeString:
        changes = PriceChange.objects.filter(variant__product=row).select_related("variant__product").order_by("-at")
        lines = (
            (f"{each.at:%F %H:%M}", each.variant.label, money(each.price), "" if each.available else _("not available"))
            for each in changes[:HISTORY]
        )
        items = format_html_join("", "<li>{} {}: {} {}</li>", lines)
        return format_html("<details><summary>{}</summary><ul>{}</ul></details>", _("Show"), items)

    def has_sync_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(panel.PERMISSION)

    @admin.action(description=gettext_lazy("Sync now: read again from Printify"), permissions=["sync"])
    def sync_chosen(self, request: HttpRequest, rows: QuerySet[Product]) -> HttpResponse:
        keys = [row.printify_id for row in rows]
        return panel.ask(request, f"Sync {len(keys)} chosen", lambda: runs.ask(request.user, only=keys))

    @admin.action(description=gettext_lazy("Dry run: what would change"), permissions=["sync"])
    def dry_run(self, request: HttpRequest, rows: QuerySet[Product]) -> HttpResponse:
        keys = [row.printify_id for row in rows]
        return panel.ask(request, f"Dry run of {len(keys)}", lambda: runs.ask(request.user, dry_run=True, only=keys))

    @admin.action(description=gettext_lazy("Hide in the shop"), permissions=["change"])
    def hide(self, request: HttpRequest, rows: QuerySet[Product]) -> None:
        self._set(request, rows, hidden=True)

    @admin.action(description=gettext_lazy("Show in the shop again"), permissions=["change"])
    def show(self, request: HttpRequest, rows: QuerySet[Product]) -> None:
        self._set(request, rows, hidden=False)

    @admin.action(description=gettext_lazy("Feature"), permissions=["change"])
    def feature(self, request: HttpRequest, rows: QuerySet[Product]) -> None:
        self._set(request, rows, featured=True)

    @admin.action(description=gettext_lazy("Feature no longer"), permissions=["change"])
    def unfeature(self, request: HttpRequest, rows: QuerySet[Product]) -> None:
        self._set(request, rows, featured=False)

    def _set(self, request: HttpRequest, rows: QuerySet[Product], **values: bool) -> None:
        """Only rows it changes anything for; lists and caches learn of it by `synced_at`."""
        keys = list(rows.exclude(**values).values_list("pk", flat=True))
        for row in Product.objects.filter(pk__in=keys):
            self.log_change(request, row, f"{values}")
        Product.objects.filter(pk__in=keys).update(**values, synced_at=timezone.now())
        message = _("%(done)s changed, %(left)s were so already.")
        self.message_user(request, message % {"done": len(keys), "left": rows.count() - len(keys)})

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:  # noqa: FBT001, ARG002 (Django's signature)
        """Staff's columns only: a sync may have written the others since the form was opened."""
        changed = set(form.changed_data)
        obj.synced_at = timezone.now()
        names = {"title_override", "description_override", "hidden", "personalised", "featured", "position"} & changed
        if "slug" in changed:
            overrides.rename(obj, obj.slug)
        obj.save(update_fields=[*names, "synced_at"])
        if words := [
            name
            for name, column in (("title", "title_override"), ("description", "description_override"))
            if column in changed
        ]:
            overrides.note(obj, words)
        for field in changes.HOLDABLE:
            if f"policy_{field.name}" in changed:
                changes.choose(field.name, form.cleaned_data[f"policy_{field.name}"], obj)
                decisions.follow(field.name)
        if photo := form.cleaned_data.get("own_photo"):
            overrides.add_photo(obj, photo)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001 (as above)
        super().save_formset(request, form, formset, change)
        if formset.model is ProductImage and formset.has_changed():
            overrides.note(form.instance, ["images"])

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 (Django's signature)
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:  # noqa: ARG002 (as above)
        return False
