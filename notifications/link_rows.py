"""Links as rows of a form, a name and an address each, kept as a list of {"name", "url"}."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from notifications.models import Brand
from notifications.models.email_colors import NAMES

COLOR_FIELDS = (*NAMES, *(f"dark_{name}" for name in NAMES))
EMPTY = 2  # rows to fill in, after those there are


class LinkRows(forms.Widget):
    """A row whose fields are both emptied is taken away."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:  # noqa: ARG002 (Django's signature)
        rows = [*(value or ()), *({"name": "", "url": ""} for _ in range(EMPTY))]
        return render_to_string("admin/notifications/link_rows.html", {"field": name, "rows": rows})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, str]]:  # noqa: ARG002 (Django's signature)
        names, urls = (data.getlist(f"{name}_{part}") for part in ("name", "url"))
        rows = ({"name": one.strip(), "url": url.strip()} for one, url in zip(names, urls, strict=False))
        return [row for row in rows if row["name"] or row["url"]]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:  # noqa: ARG002 (Django's signature)
        return f"{name}_name" not in data


class BrandForm(forms.ModelForm[Brand]):
    social = forms.Field(
        label="Links",
        required=False,
        widget=LinkRows,
        help_text="At the foot of every page and mail, in this order. Empty a row to take its link away.",
    )

    TEXT_FIELDS = (
        "name", "legal_name", "tagline", "support_email", "phone", "address", "hours", "legal_lines", "announcement",
    )  # fmt: skip

    class Meta:
        model = Brand
        widgets: ClassVar = dict.fromkeys(COLOR_FIELDS, forms.TextInput(attrs={"type": "color"}))
        fields = "__all__"  # noqa: DJ007 (one row of settings: staff who may change it may change all of it)
