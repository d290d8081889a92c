"""The form of a product in the admin: staff's own values only. Everything else on that page is to be read."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.images import copies
from catalog.models import Product
from catalog.models.curation import Policy
from catalog.sync import overrides, policies

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
            copies.make_copies(upload.read())
        except Exception as error:  # whatever the decoder raises: the file is no picture we can show
            raise forms.ValidationError(_("This file cannot be used as a picture.")) from error
        upload.seek(0)
        return upload


def policy_fields(product: Product | None) -> dict[str, forms.ChoiceField]:
    shop = policies.policies()
    own = policies.exceptions(product) if product and product.pk else {}
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
        for field in policies.HOLDABLE
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
    policy = tuple(f"policy_{field.name}" for field in policies.HOLDABLE)
    return (
        (_("In the shop"), {"fields": shop}),
        (_("Our own words (empty: Printify's are shown)"), {"fields": ("title_override", "description_override")}),
        (_("When Printify changes this product"), {"classes": ["collapse"], "fields": policy}),
        (_("From Printify"), {"classes": ["collapse"], "fields": upstream}),
    )
