"""One product as Printify gave it, kept: the cache row, and what the shop shows of it.

Each product is a transaction of its own, serialised by its cache row, so that a sync, a webhook and a checkout may
meet on it. Staff's columns (overrides, hidden, featured, position, slug) are never written here.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.text import slugify

from catalog import categories, freshness
from catalog.models import PrintifyCache, Product, SyncRun
from catalog.printify.errors import FailureCode, code_of
from catalog.printify.fields import Unreadable, flag, storable
from catalog.printify.products import ProductFacts, design, digest, product_id, read_product
from catalog.search import index
from catalog.sync import changes, writers
from catalog.sync.writers import write_mockups
from ilytat.integrations import failure_texts

Outcome = Literal["created", "changed", "unchanged", "older", "gone", "failed"]
SHOWN_MAX = 300


@dataclass(frozen=True)
class UpsertResult:
    """What became of one product. `fields` is {"field": [before, after]}; `error` says why it was quarantined,
    `error_code` says it to code ("": it was not).

    `found` is the same in staff's words: whole values, weighed by their policies.
    """

    outcome: Outcome
    printify_id: str
    product: Product | None = None
    fields: dict[str, list[Any]] = field(default_factory=dict)
    error: str = ""
    error_code: FailureCode | Literal[""] = ""
    found: list[changes.DetectedChange] = field(default_factory=list)


def ttl() -> timedelta:
    return timedelta(minutes=settings.CATALOG_TTL_MINUTES)


def store(payload: Any, asked_at: datetime, *, dry_run: bool = False, run: SyncRun | None = None) -> UpsertResult:
    """Keep what Printify answered to a question asked at `asked_at`. Never raises for what is in the payload."""
    key = product_id(payload)
    if not key:
        return UpsertResult("failed", "", error="not an object with a product id", error_code=FailureCode.INCOMPLETE)
    try:
        return _store(key, payload, asked_at, dry_run=dry_run, run=run)
    except Exception as error:  # noqa: BLE001 (one product's surprise must not end the walk over all others)
        reason = failure_texts.logged(error, "product not stored", product=key)
        return _set_aside(key, asked_at, code_of(error), reason, dry_run=dry_run)


def _set_aside(key: str, asked_at: datetime, code: FailureCode, reason: str, *, dry_run: bool) -> UpsertResult:
    """In quarantine for a reason that nobody foresaw; the payload itself may be what the database refuses."""
    try:
        with transaction.atomic():
            stored = _quarantine(_locked(key, asked_at), {}, asked_at, code, reason)
            transaction.set_rollback(dry_run)
    except DatabaseError:  # it was not the payload
        return UpsertResult("failed", key, error=reason, error_code=code)
    return stored


def _store(key: str, payload: Any, asked_at: datetime, *, dry_run: bool, run: SyncRun | None) -> UpsertResult:
    with transaction.atomic():
        cache = _locked(key, asked_at)
        data: dict[str, Any] = {}
        try:
            data = storable(payload)
            stored = _keep(cache, data, read_product(data), asked_at, run)
        except Unreadable as error:
            stored = _quarantine(cache, data, asked_at, error.code, str(error))
        if dry_run:
            transaction.set_rollback(True)
    if dry_run and run and stored.product and stored.outcome == "changed":
        changes.preview(stored.product, stored.found, run)
    return stored


def reapply(printify_id: str, granted: Collection[str] = (), told: str = "") -> UpsertResult:
    """Write anew what Printify last said, because staff decided otherwise. `granted` fields pass whatever the policy;
    of the field `told` no change is written down.

    Nothing is asked of Printify, and what is gone stays gone.
    """
    with transaction.atomic():
        cache = _locked(printify_id, timezone.now())
        product = Product.objects.filter(printify_id=printify_id, gone_at__isnull=True).first()
        if product is None or not cache.data:
            return UpsertResult("unchanged", printify_id)
        facts = read_product(cache.data)
        redesigned = "images" in granted or _is_redesigned(cache, product, facts)
        weighed = changes.apply_policies(product, facts, redesigned=redesigned, granted=granted)
        return _written(product, weighed, None, told)


def _locked(key: str, asked_at: datetime) -> PrintifyCache:
    """The cache row, ours until the transaction ends: every writer of this product comes through here."""
    blank = {"data": {}, "hash": "", "fetched_at": asked_at, "expires_at": asked_at}
    PrintifyCache.objects.get_or_create(type="product", external_id=key, defaults=blank)
    return PrintifyCache.objects.select_for_update().get(type="product", external_id=key)


def _quarantine(
    cache: PrintifyCache, data: dict[str, Any], asked_at: datetime, code: FailureCode, reason: str
) -> UpsertResult:
    """What is shown stays as it was; `expires_at` is not renewed, so it ages and is not sold for ever."""
    cache.error, cache.error_code, cache.fetched_at = reason[:SHOWN_MAX], code, asked_at
    if not cache.hash:  # there is no good version to keep
        cache.data = data
    cache.save(update_fields=["error", "error_code", "fetched_at", "data"])
    product = Product.objects.filter(printify_id=cache.external_id).first()
    if product and data:
        # Printify waits for an answer, whatever else it sent: `publishing` finds it by this.
        is_locked = flag(data, "is_locked", default=False)
        Product.objects.filter(pk=product.pk).exclude(is_locked=is_locked).update(is_locked=is_locked)
    return UpsertResult("failed", cache.external_id, product, error=cache.error, error_code=code)


def _keep(
    cache: PrintifyCache, data: dict[str, Any], facts: ProductFacts, asked_at: datetime, run: SyncRun | None
) -> UpsertResult:
    product = Product.objects.filter(printify_id=facts.id).first()
    if _is_older(cache, product, facts, asked_at):
        return UpsertResult("older", facts.id, product)
    redesigned = _is_redesigned(cache, product, facts)
    cache.data, cache.hash, cache.error, cache.error_code = data, digest(data), "", ""
    cache.fetched_at, cache.expires_at = asked_at, asked_at + ttl()
    cache.save()
    return _written(product, changes.apply_policies(product, facts, redesigned=redesigned), run)


def _written(
    product: Product | None, weighed: changes.PolicyResult, run: SyncRun | None, told: str = ""
) -> UpsertResult:
    outcome: Outcome = "created" if product is None else "changed"
    row, fields = _write(product, weighed)
    changes.record(row, [each for each in weighed.found if each.field != told], run)
    return UpsertResult(
        outcome if fields or weighed.found else "unchanged", row.printify_id, row, fields, found=weighed.found
    )


def _is_redesigned(cache: PrintifyCache, product: Product | None, facts: ProductFacts) -> bool:
    """Whether the pictures we show are of another design; for products of long ago the last answer tells."""
    shown = (product.design if product else "") or (design(cache.data) if cache.data else facts.design)
    return shown != facts.design


def _is_older(cache: PrintifyCache, product: Product | None, facts: ProductFacts, asked_at: datetime) -> bool:
    """A slow page must not overwrite a newer answer (RELIABILITY C11). What has gone stale yields to anything."""
    if cache.hash and cache.fetched_at > asked_at:
        return True
    known = product.updated_upstream if product else None
    return bool(known and facts.updated and facts.updated < known and cache.expires_at >= freshness.due_since())


def _write(product: Product | None, weighed: changes.PolicyResult) -> tuple[Product, dict[str, list[Any]]]:
    facts = weighed.facts
    values = _columns(facts) | {"gone_at": _gone_at(product, facts), "override_moved": weighed.moved}
    before = (product.tags, product.blueprint_id) if product else None
    row = product or Product(printify_id=facts.id, slug=_slug(facts))
    fields = {
        name: [_short(getattr(product, name, None)), _short(value)]
        for name, value in values.items()
        if product is None or getattr(product, name) != value
    }
    for name, value in values.items():
        setattr(row, name, value)
    if fields:
        row.synced_at = timezone.now()
        # Staff may have saved their columns since this row was read.
        row.save(update_fields=[*fields, "synced_at"] if product else None)
    moved = categories.move(row, before, categories.all_rules())
    fields |= writers.write_variants(row, facts.variants, set(fields))
    fields |= write_mockups(row, facts.mockups, redesigned=weighed.redesigned)
    if fields or moved:
        Product.objects.filter(pk=row.pk).update(synced_at=timezone.now())
        index.put_later(row.pk)
    return row, fields


def _columns(facts: ProductFacts) -> dict[str, Any]:
    offered = [variant for variant in facts.variants if variant.is_enabled]
    sellable = [variant.price for variant in offered if variant.is_available]
    prices = sellable or [variant.price for variant in offered]
    return {
        "upstream_title": facts.title,
        "upstream_description": facts.description,
        "safety_information": facts.safety_information,
        "tags": list(facts.tags),
        "options": [axis.as_json() for axis in facts.axes],
        "blueprint_id": facts.blueprint_id,
        "print_provider_id": facts.print_provider_id,
        "artwork_ids": list(facts.artwork_ids),
        "design": facts.design,
        "visible": facts.visible,
        "is_locked": facts.is_locked,
        "price_from": min(prices, default=None),
        "price_to": max(prices, default=None),
        "in_stock": bool(sellable),
        "created_upstream": facts.created,
        "updated_upstream": facts.updated,
    }


def _gone_at(product: Product | None, facts: ProductFacts) -> datetime | None:
    """Whatever is listed is back, unless the list itself calls it deleted."""
    since = product.gone_at if product else None
    return (since or timezone.now()) if facts.is_deleted else None


def _slug(facts: ProductFacts) -> str:
    """Titles repeat, ids do not. The slug is made once: later titles change the page, never its address."""
    words = slugify(facts.title)[:90].strip("-") or "product"
    short = f"{words}-{facts.id[-6:].lower()}"
    return short if not Product.objects.filter(slug=short).exists() else f"{words}-{facts.id[-24:].lower()}"


def _short(value: Any) -> Any:
    """As a change is recorded: small enough to list, plain enough for JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(written) <= SHOWN_MAX else written[:SHOWN_MAX] + "…"
