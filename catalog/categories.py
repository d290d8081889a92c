"""Which category a product stands in: rules by Printify tag and blueprint, and staff's own placing on top.

Rules are applied as a difference: a category is added when a product comes to match it and removed when it ceases to.
So what staff add or remove by hand stays, whatever a sync or a rule does elsewhere.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from catalog.models import Category, Product, ProductQuerySet

TAGS_SHOWN = 12


@dataclass(frozen=True)
class Rule:
    """A product matches with one of the tags (whatever their case) or one of the blueprints."""

    category_id: int
    tags: frozenset[str]
    blueprint_ids: frozenset[int]

    def matches(self, tags: Iterable[str], blueprint_id: int) -> bool:
        return blueprint_id in self.blueprint_ids or not self.tags.isdisjoint(tag.casefold() for tag in tags)


def rule(category: Category) -> Rule:
    """Tolerant of what staff typed: anything that is no tag and no number is passed over."""
    tags = frozenset(tag.strip().casefold() for tag in _items(category.tags) if isinstance(tag, str))
    blueprints = frozenset(int(item) for item in _items(category.blueprint_ids) if str(item).isdecimal())
    return Rule(category.pk, tags, blueprints)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def all_rules() -> list[Rule]:
    return [rule(category) for category in Category.objects.all()]


Matched = tuple[Iterable[str], int]


def move(product: Product, before: Matched | None, rules: Iterable[Rule]) -> bool:
    """The product's tags or blueprint were `before` (None: it is new). Returns whether it moved."""
    held = set(rules)
    now = {rule.category_id for rule in held if rule.matches(product.tags, product.blueprint_id)}
    then = {rule.category_id for rule in held if before and rule.matches(*before)}
    product.categories.add(*now - then)
    product.categories.remove(*then - now)
    return now != then


def change_rule(old: Rule, new: Rule) -> int:
    """Staff edited a category: products that match only the new rule enter, those of only the old one leave."""
    facts = Product.objects.values_list("pk", "tags", "blueprint_id")
    states = {pk: (old.matches(tags, blueprint), new.matches(tags, blueprint)) for pk, tags, blueprint in facts}
    entering = [pk for pk, state in states.items() if state == (False, True)]
    leaving = [pk for pk, state in states.items() if state == (True, False)]
    category = Category.objects.get(pk=new.category_id)
    category.products.add(*entering)
    category.products.remove(*leaving)
    return len(entering) + len(leaving)


def would_hold(candidate: Rule) -> list[str]:
    """Titles of the products that the rule matches, for staff to look at before they save it."""
    alive = Product.objects.filter(gone_at__isnull=True).only(
        "upstream_title", "title_override", "tags", "blueprint_id"
    )
    return [row.title for row in alive if candidate.matches(row.tags, row.blueprint_id)]


def unmapped_tags() -> list[tuple[str, int]]:
    """The commonest tags of products no rule places: what a new rule might say."""
    counts = Counter(tag for tags in unmapped().values_list("tags", flat=True) for tag in _items(tags))
    return counts.most_common(TAGS_SHOWN)


def unmapped() -> ProductQuerySet:
    """Products no rule places: shown in lists and search, in no category."""
    return Product.objects.filter(categories__isnull=True, gone_at__isnull=True)
