"""What the shop shows: products, their variants, pictures and prices, and the categories they stand in.

Upstream values and staff's overrides live in separate columns, so that a sync never overwrites an override.
"""

from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone


class Category(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(default=0)
    tags = models.JSONField(default=list, blank=True, help_text="Printify tags that put a product here.")
    blueprint_ids = models.JSONField(default=list, blank=True, help_text="Printify blueprints that put a product here.")

    class Meta:
        ordering = ["position", "name"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("category", args=[self.slug])


class ProductQuerySet(models.QuerySet["Product"]):
    def for_sale(self) -> Self:
        """What shoppers may see: visible upstream, not gone, not hidden by staff, with something offered."""
        return self.filter(visible=True, gone_at__isnull=True, hidden=False, price_from__isnull=False)

    def for_cards(self) -> Self:
        """Of what is for sale only what a card shows: texts are long, and a list has many of them."""
        shown = ("slug", "upstream_title", "title_override", "options", "price_from", "price_to", "in_stock")
        return self.for_sale().only(*shown)

    def in_order(self) -> Self:
        return self.order_by("-featured", "position", "-created_upstream", "pk")


class Product(models.Model):
    printify_id = models.CharField(max_length=40, unique=True)
    slug = models.SlugField(max_length=120, unique=True)
    upstream_title = models.CharField(max_length=200)
    title_override = models.CharField(max_length=200, blank=True)
    upstream_description = models.TextField(
        blank=True, help_text="HTML as Printify sent it: cleaned where it is shown."
    )
    description_override = models.TextField(blank=True)
    safety_information = models.TextField(blank=True)
    tags = models.JSONField(default=list, blank=True)
    options = models.JSONField(
        default=list, help_text="Axes as Printify lists them: name, type, values[id, title, colors]."
    )
    blueprint_id = models.PositiveIntegerField(default=0, db_index=True)
    print_provider_id = models.PositiveIntegerField(default=0)
    artwork_ids = models.JSONField(
        default=list, blank=True, help_text="Uploads printed on it: the same design elsewhere."
    )
    design = models.CharField(max_length=64, blank=True, help_text="Digest of the design that the pictures show.")
    categories = models.ManyToManyField(Category, blank=True, related_name="products")
    visible = models.BooleanField(default=True)
    is_locked = models.BooleanField(default=False)
    hidden = models.BooleanField(default=False, help_text="Hidden by staff; sync never changes it.")
    personalised = models.BooleanField(
        default=False, help_text="Made to the buyer's own words: no right of withdrawal by law."
    )
    featured = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=1000)
    pins = models.JSONField(default=dict, blank=True, help_text="Staff's values in place of Printify's, by field.")
    basis = models.JSONField(default=dict, blank=True, help_text="What Printify said when staff overrode it, by field.")
    override_moved = models.BooleanField(default=False, help_text="Printify has changed what staff override.")
    price_from = models.PositiveIntegerField(null=True, blank=True, help_text="Lowest offered price, minor units.")
    price_to = models.PositiveIntegerField(null=True, blank=True)
    in_stock = models.BooleanField(default=False)
    created_upstream = models.DateTimeField(null=True, blank=True)
    updated_upstream = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(default=timezone.now)
    gone_at = models.DateTimeField(null=True, blank=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-featured", "position"], name="product_order"),
            models.Index(fields=["synced_at"], name="product_synced"),  # when the catalogue last changed
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return self.title_override or self.upstream_title

    @property
    def description(self) -> str:
        return self.description_override or self.upstream_description

    def get_absolute_url(self) -> str:
        return reverse("product", args=[self.slug])


class VariantQuerySet(models.QuerySet["Variant"]):
    def sellable(self) -> Self:
        return self.filter(
            is_enabled=True,
            is_available=True,
            product__visible=True,
            product__gone_at__isnull=True,
            product__hidden=False,
        )

    def offered(self) -> Self:
        return self.filter(is_enabled=True)


class Variant(models.Model):
    """One combination of a product's options. Printify's variant id repeats across products: the key is the pair."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="variants")
    variant_id = models.PositiveBigIntegerField()
    sku = models.CharField(max_length=80, blank=True)
    title = models.CharField(max_length=200)
    option_ids = models.JSONField(default=list, help_text="Ids into the product's options, one an axis.")
    price = models.PositiveIntegerField(help_text="Minor units.")
    cost = models.PositiveIntegerField(default=0, help_text="Minor units; never leaves the server.")
    grams = models.PositiveIntegerField(default=0)
    is_enabled = models.BooleanField(default=False)
    is_available = models.BooleanField(default=False)
    is_default = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)

    objects = VariantQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["product", "variant_id"], name="variant_once")]

    def __str__(self) -> str:
        return f"{self.product} ({self.label})"

    @property
    def label(self) -> str:
        """Words for the chosen options, from their ids: titles are never split (Printify contract, section 6)."""
        names = {value["id"]: value["title"] for axis in self.product.options for value in axis["values"]}
        return " / ".join(str(names[key]) for key in self.option_ids if key in names) or self.title

    @property
    def sellable(self) -> bool:
        product = self.product
        shown = product.visible and not product.hidden and product.gone_at is None
        return shown and self.is_enabled and self.is_available


class ProductImage(models.Model):
    """A mockup: where Printify has it, and our own copies (`files`: {"width": "storage name"})."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images")
    source_url = models.URLField(max_length=600)
    variant_ids = models.JSONField(default=list)
    label = models.CharField(max_length=40, blank=True, help_text="front, back, other …")
    is_default = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)
    place = models.PositiveSmallIntegerField(default=1000, help_text="Staff's order: lower comes first.")
    hidden = models.BooleanField(default=False, help_text="Not shown in the shop; sync never changes it.")
    own = models.BooleanField(default=False, help_text="Staff's own photo: sync leaves it alone.")
    files = models.JSONField(default=dict, blank=True)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    fingerprint = models.CharField(max_length=520, blank=True, editable=False)
    repeats = models.BooleanField(default=False, help_text="Looks like an earlier one of the same variants: not shown.")
    error = models.CharField(max_length=200, blank=True)
    # Only while there is an error: how often the same picture failed in a row, and when it is fetched again.
    failures = models.PositiveIntegerField(default=0, editable=False)
    retry_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["place", "position", "pk"]
        constraints = [models.UniqueConstraint(fields=["product", "source_url"], name="product_image_once")]

    def __str__(self) -> str:
        return self.source_url

    @property
    def host(self) -> str:
        return self.source_url.partition("://")[2].partition("/")[0]


class UnusedFile(models.Model):
    """A stored picture that nothing showed when storage was last looked through."""

    name = models.CharField(max_length=200, unique=True)
    since = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class PriceChange(models.Model):
    """Every price and availability a variant ever had. Added, never edited."""

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="price_changes")
    price = models.PositiveIntegerField()
    available = models.BooleanField()
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.variant_id}: {self.price} {settings.SHOP_CURRENCY}"
