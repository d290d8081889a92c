"""The search index: what lists, filters and search read instead of the products.

Written by `catalog.search.index` whenever a product changes; it may be emptied at any time and fills itself again.

Everything here is a copy. What a page shows is always read through `Product.objects.for_sale()`.
"""

from django.db import models


class ShelfEntry(models.Model):
    """One product for sale. `families` and `sizes` are those of what can be bought: "|black|white|".

    `price` is the lowest offered, minor units; `sold` counts the pieces bought lately (`catalog.sales`); `synced_at` is
    the product's, as it was when this was written.
    """

    product = models.OneToOneField(
        "catalog.Product", primary_key=True, on_delete=models.CASCADE, related_name="entry", db_index=False
    )
    kind = models.CharField(max_length=20)
    families = models.CharField(max_length=200)
    sizes = models.TextField()
    price = models.PositiveIntegerField()
    in_stock = models.BooleanField()
    featured = models.BooleanField()
    position = models.PositiveIntegerField()
    newest = models.DateTimeField()
    sold = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64)
    synced_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["-featured", "position", "-newest", "product"], name="shelf_order"),
            models.Index(fields=["-newest", "product"], name="shelf_newest"),
            models.Index(fields=["price", "product"], name="shelf_price"),
            models.Index(fields=["-sold", "-featured", "position", "-newest", "product"], name="shelf_best"),
            models.Index(
                fields=["kind", "-in_stock", "-featured", "position", "-newest", "product"], name="shelf_kinds"
            ),
            # The counts beside the filters are read from this index alone.
            models.Index(fields=["kind", "families", "sizes", "price", "in_stock", "product"], name="shelf_facets"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.product_id}"


class Word(models.Model):
    """A word of the catalogue as `catalog.search.terms` writes it."""

    text = models.CharField(max_length=32, unique=True)

    def __str__(self) -> str:
        return self.text


class Posting(models.Model):
    """That a product's texts say a word, and how much this counts."""

    word = models.ForeignKey(Word, on_delete=models.CASCADE, related_name="postings", db_index=False)
    entry = models.ForeignKey(ShelfEntry, on_delete=models.CASCADE, related_name="postings")
    points = models.PositiveSmallIntegerField()

    class Meta:
        # A search reads this index alone. One posting a word and entry: an entry's writers queue at its own row.
        indexes = [models.Index(fields=["word", "entry", "points"], name="posting_read")]

    def __str__(self) -> str:
        return f"{self.word_id} in {self.entry_id}"


class Slip(models.Model):
    """A word with a letter or two left out: two spellings that meet in one are a typo apart."""

    key = models.CharField(max_length=32)
    word = models.ForeignKey(Word, on_delete=models.CASCADE, related_name="slips")

    class Meta:
        indexes = [models.Index(fields=["key", "word"], name="slip_key")]

    def __str__(self) -> str:
        return self.key


class Artwork(models.Model):
    """A design on a product: the same id elsewhere is the same design."""

    entry = models.ForeignKey(ShelfEntry, on_delete=models.CASCADE, related_name="artworks")
    artwork_id = models.CharField(max_length=64, db_index=True)

    def __str__(self) -> str:
        return self.artwork_id


class MissedSearch(models.Model):
    """Words that found nothing: what shoppers look for and the shop does not have. Says nothing of who asked."""

    term = models.CharField(max_length=60, unique=True)
    count = models.PositiveIntegerField(default=1)
    instead = models.CharField(max_length=60, blank=True, help_text="What was searched in its place.")
    first_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        ordering = ["-count", "-last_at"]
        verbose_name = "search without result"
        verbose_name_plural = "searches without result"

    def __str__(self) -> str:
        return self.term
