"""Printify's truth (`PrintifyCache`) and what the shop shows of it (`Product`, `Variant`, `ProductImage`, `Category`).

Money is minor units of `settings.SHOP_CURRENCY`. `cost` never leaves the server.
"""

from catalog.models.curation import (
    FieldChange,
    FieldPolicy,
    OldSlug,
    ShippingSurcharge,
    SizeTable,
    StaleLimit,
    SyncPause,
)
from catalog.models.observed_delivery import ObservedDelivery
from catalog.models.printify_cache import PrintifyCache
from catalog.models.product import (
    Category,
    PriceChange,
    Product,
    ProductImage,
    ProductQuerySet,
    UnusedFile,
    Variant,
)
from catalog.models.search_index import Artwork, MissedSearch, Posting, ShelfEntry, Slip, Word
from catalog.models.sync_run import SyncChange, SyncRun

__all__ = [
    "Artwork", "Category", "FieldChange", "FieldPolicy", "MissedSearch", "ObservedDelivery", "OldSlug", "Posting",
    "PriceChange", "PrintifyCache", "Product", "ProductImage", "ProductQuerySet", "ShelfEntry", "ShippingSurcharge",
    "SizeTable", "Slip", "StaleLimit", "SyncChange", "SyncPause", "SyncRun", "UnusedFile", "Variant", "Word",
]  # fmt: skip
