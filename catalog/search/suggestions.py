"""What the search box offers while somebody types: kinds of things first, then designs."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import product_types
from catalog.models import Product
from catalog.search import query, terms
from catalog.search.query import Scope, best_first
from catalog.storefront.cards import Card, cards
from ilytat.pages import money

PRODUCTS = 5
KINDS = 3
LENGTH_MIN = 2


def suggest(text: str) -> list[dict[str, Any]]:
    """At most eight of {"text", "note", "url", "picture"}, best first, in a constant number of queries."""
    found = query.find(text) if len(text) >= LENGTH_MIN else query.SearchResult()
    if found.matched is None:
        return []
    scope = Scope(found=found)
    pks = list(best_first(found.matched)[:PRODUCTS])
    by_pk = Product.objects.for_cards().in_bulk(pks)
    shown = cards(by_pk[pk] for pk in pks if pk in by_pk)
    return [*_kinds(text, scope), *(_product(card) for card in shown)]


def _kinds(text: str, scope: Scope) -> list[dict[str, Any]]:
    """Kinds whose own name is being typed: the list of them, narrowed by the other words."""
    entries = scope.entries().filter(pk__in=Product.objects.for_sale().values("pk"))
    counts = dict(entries.order_by().values_list("kind").annotate(n=Count("pk")))
    typed = terms.query_terms(text)
    named = [slug for slug in counts if slug in product_types.BY_SLUG and _is_named(slug, typed)]
    found = []
    for slug in sorted(named, key=lambda slug: -counts[slug])[:KINDS]:
        rest = " ".join(word for word in typed if not _is_named(slug, [word]))
        base = reverse("search") if rest else reverse("products")
        address = f"{base}?{urlencode({'q': rest, 'type': slug} if rest else {'type': slug})}"
        note = ngettext("%(n)d design", "%(n)d designs", counts[slug]) % {"n": counts[slug]}
        found.append(
            {"text": _title(str(product_types.BY_SLUG[slug].name), rest), "note": note, "url": address, "picture": ""}
        )
    return found


def _title(name: str, rest: str) -> str:
    return _("%(kind)s with “%(words)s”") % {"kind": name, "words": rest} if rest else name


def _is_named(slug: str, typed: list[str]) -> bool:
    own = terms.words(str(product_types.BY_SLUG[slug].name))
    return any(
        mine == word or mine in terms.alike(word) or (len(word) >= query.PREFIX_MIN and mine.startswith(word))
        for word in typed
        for mine in own
    )


def _product(card: Card) -> dict[str, Any]:
    price = money.format_money(card.product.price_from or 0, settings.SHOP_CURRENCY)
    note = _("From %(price)s") % {"price": price} if card.from_price else price
    return {"text": card.product.title, "note": note, "url": card.url, "picture": card.picture.smallest}
