"""Size tables for staff: typed or pasted as text, in the unit at hand."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from catalog.models.curation import SizeTable
from catalog.storefront import size_tables

UNITS = [("cm", _("centimetres")), ("in", _("inches"))]


class SizeTableForm(forms.ModelForm[SizeTable]):
    unit = forms.ChoiceField(choices=UNITS, initial="cm", label=_("Written in"))
    table = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 8, "cols": 70}),
        label=_("Table"),
        help_text=_("First line: Size | S | M | L. Then one measure a line: Width | 46 | 51 | 56."),
    )
    within = forms.DecimalField(
        min_value=0, max_value=20, decimal_places=1, initial=2.5, label=_("Tolerance, same unit")
    )

    class Meta:
        model = SizeTable
        fields = ("name", "blueprint_id", "measured")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["table"] = size_tables.written(self.instance, "cm")
            self.initial["within"] = size_tables.both(self.instance.tolerance)[0]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        unit = data.get("unit", "cm")
        if "table" in data:
            try:
                self.instance.sizes, self.instance.rows = size_tables.parse(data["table"], unit)
            except size_tables.Unclear as error:
                self.add_error("table", str(error))
        if data.get("within") is not None:
            self.instance.tolerance = int(data["within"] * size_tables.MM[unit])
        return data


@admin.register(SizeTable)
class SizeTableAdmin(admin.ModelAdmin[SizeTable]):
    """One a blueprint: every product made of it shows the table."""

    form = SizeTableForm
    list_display = ("name", "blueprint_id", "columns", "products")
    fields = ("name", "blueprint_id", "measured", "unit", "table", "within")

    @admin.display(description=_("sizes"))
    def columns(self, row: SizeTable) -> str:
        return ", ".join(row.sizes)

    @admin.display(description=_("products"))
    def products(self, row: SizeTable) -> int:
        return Product.objects.filter(blueprint_id=row.blueprint_id, gone_at__isnull=True).count()

    def save_model(self, request: HttpRequest, obj: SizeTable, form: Any, change: bool) -> None:  # noqa: FBT001 (Django's signature)
        super().save_model(request, obj, form, change)
        Product.objects.filter(blueprint_id=obj.blueprint_id).update(synced_at=timezone.now())
