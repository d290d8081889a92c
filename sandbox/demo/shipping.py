"""What it costs and how long it takes to send the demo's goods.

`SHIPPING[blueprint_id]` is an `Offer`: the provider, its handling days, and per method name (`standard`,
`priority`, `printify_express`, `economy`: the keys of Printify's shipping answer) the rates by country group.
A group is `US`, `CA` or `REST_OF_THE_WORLD`; a group that a method lacks is not served by it. Costs are minor
units of US dollars.
`additional_item` holds within one blueprint and provider; goods of another pay their own first item.
"""

from dataclasses import dataclass

METHOD_CODES = {"standard": 1, "priority": 2, "printify_express": 3, "economy": 4}
REST = "REST_OF_THE_WORLD"


@dataclass(frozen=True)
class Rate:
    first_item: int
    additional_item: int
    transit_days: tuple[int, int]


@dataclass(frozen=True)
class Offer:
    blueprint_id: int
    provider_id: int
    handling_days: tuple[int, int]
    methods: dict[str, dict[str, Rate]]

    @property
    def countries(self) -> tuple[str, ...]:
        """Groups served by standard shipping, which every offer has."""
        return tuple(self.methods["standard"])


def _standard(us: tuple[int, int], ca: tuple[int, int], rest: tuple[int, int] | None = None) -> dict[str, Rate]:
    rates = {"US": Rate(*us, (2, 5)), "CA": Rate(*ca, (5, 10))}
    return rates | ({REST: Rate(*rest, (10, 30))} if rest else {})


def _only_us(first: int, additional: int, transit: tuple[int, int]) -> dict[str, Rate]:
    return {"US": Rate(first, additional, transit)}


_OFFERS = (
    Offer(6, 29, (2, 4), {
        "standard": _standard((475, 240), (939, 439), (1200, 600)),
        "priority": {"US": Rate(1099, 299, (2, 3)), "CA": Rate(1899, 499, (3, 5))},
        "printify_express": _only_us(799, 240, (2, 3)),
        "economy": _only_us(399, 209, (4, 8)),
    }),
    Offer(12, 3, (2, 5), {
        "standard": _standard((475, 240), (999, 459), (1250, 600)),
        "printify_express": _only_us(799, 240, (2, 3)),
        "economy": _only_us(419, 219, (4, 8)),
    }),
    Offer(77, 29, (2, 5), {
        "standard": _standard((849, 209), (1449, 709), (2150, 1200)),
        "priority": {"US": Rate(1549, 649, (2, 3)), "CA": Rate(2499, 999, (3, 5))},
        "economy": _only_us(729, 199, (4, 9)),
    }),
    # Served in the United States only: the one product that a Canadian address must be refused for.
    Offer(450, 10, (4, 8), {"standard": _only_us(999, 499, (3, 7))}),
    Offer(68, 23, (2, 4), {
        "standard": _standard((549, 399), (1019, 539), (1449, 799)),
        "printify_express": _only_us(799, 449, (2, 3)),
        "economy": _only_us(479, 329, (4, 8)),
    }),
    Offer(425, 23, (2, 5), {"standard": _standard((579, 409), (1039, 559), (1499, 829))}),
    Offer(282, 72, (1, 3), {
        "standard": _standard((529, 149), (1129, 249), (1349, 349)),
        "priority": _only_us(1699, 299, (1, 3)),
    }),
    Offer(1389, 10, (3, 6), {
        "standard": _standard((499, 249), (949, 449), (1199, 599)),
        "economy": _only_us(429, 219, (4, 9)),
    }),
    Offer(269, 28, (2, 4), {
        "standard": _standard((459, 199), (759, 299), (999, 399)),
        "priority": {"US": Rate(1159, 299, (1, 3)), "CA": Rate(1599, 399, (2, 4))},
    }),
    Offer(1447, 59, (3, 7), {"standard": _standard((519, 219), (989, 429), (1249, 549))}),
    Offer(400, 72, (1, 3), {
        "standard": _standard((329, 19), (519, 29), (649, 49)),
        "economy": _only_us(249, 9, (5, 10)),
    }),
    Offer(220, 10, (3, 6), {"standard": _standard((699, 499), (1499, 899), (1999, 1299))}),
    Offer(74, 72, (2, 4), {
        "standard": _standard((549, 259), (1149, 459), (1399, 599)),
        "economy": _only_us(449, 209, (5, 10)),
    }),
    Offer(1464, 28, (2, 5), {"standard": _standard((399, 99), (699, 149))}),
)  # fmt: skip
SHIPPING = {offer.blueprint_id: offer for offer in _OFFERS}
