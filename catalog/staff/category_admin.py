"""Categories for staff: their names, their order, and the rules that place products."""

from collections.abc import Collection
from typing import Any, TypeVar

from django import forms
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.db.models import Count, Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog import categories
from catalog.models import Category, Product


class LinesField(forms.CharField):
    """A list of words, one a line, where the column holds JSON."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(item) for item in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        lines = [line.strip() for line in super().clean(value).splitlines()]
        return list(dict.fromkeys(line for line in lines if line))


class NumbersField(LinesField):
    def clean(self, value: Any) -> Any:
        lines = super().clean(value)
        if not all(line.isdecimal() for line in lines):
            raise forms.ValidationError(_("One whole number a line."))
        return [int(line) for line in lines]


class CategoryForm(forms.ModelForm[Category]):
    """With the button "Preview" nothing is saved: `preview` holds the titles that the rule would place."""

    preview: list[str] | None = None
    tags = LinesField(required=False, help_text=_("Printify tags that put a product here, one a line."))
    blueprint_ids = NumbersField(
        required=False, help_text=_("Printify blueprints that put a product here, one a line.")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "_preview" in self.data and not self.errors:
            typed = Category(pk=0, tags=data.get("tags", []), blueprint_ids=data.get("blueprint_ids", []))
            self.preview = categories.would_hold(categories.rule(typed))
            raise forms.ValidationError("preview")  # what keeps the admin from saving
        return data


Row = TypeVar("Row", bound=Model)


class LabelledInputs(BaseModelAdmin[Row]):
    """Screen readers hear the column's name with each input of the fields in `labelled`."""

    labelled: Collection[str] = ()

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name in self.labelled:
            field.widget.attrs["aria-label"] = capfirst(str(db_field.verbose_name))
        return field


@admin.register(Category)
class CategoryAdmin(LabelledInputs[Category], admin.ModelAdmin[Category]):
    """Rules place products; what staff place or remove by hand on a product's page stays."""

    form = CategoryForm
    change_form_template = "admin/catalog/category.html"
    list_display = ("name", "slug", "position", "count")
    list_editable = labelled = ("position",)
    prepopulated_fields = {"slug": ("name",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        return super().get_queryset(request).annotate(held=Count("products"))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Category | None = None) -> dict[str, Any]:
        """A category's address is not changed by renaming it."""
        return {} if obj else dict(super().get_prepopulated_fields(request, obj))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        form = context["adminform"].form
        context |= {"unmapped": categories.unmapped().count(), "unmapped_tags": categories.unmapped_tags()}
        if form.preview is not None:
            form.errors.clear()  # asking is no mistake
            context |= {"errors": None, "preview": form.preview}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("products"), ordering="held")
    def count(self, row: Category) -> int:
        return int(getattr(row, "held", 0))

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:  # noqa: FBT001 (Django's signature)
        before = categories.rule(Category.objects.get(pk=obj.pk)) if change else None
        super().save_model(request, obj, form, change)
        after = categories.rule(obj)
        old = before or categories.Rule(after.category_id, frozenset(), frozenset())
        moved = categories.change_rule(old, after)
        Product.objects.filter(categories=obj).update(synced_at=timezone.now())
        if moved:
            message = gettext("%(count)s products moved in or out of %(category)s.")
            self.message_user(request, message % {"count": moved, "category": obj})
