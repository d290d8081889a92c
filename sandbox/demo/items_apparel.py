"""Tees, hoodies and hats."""

from sandbox.demo.item import Item, Quirks

_TO_3XL = ("S", "M", "L", "XL", "2XL", "3XL")
_TO_2XL = ("S", "M", "L", "XL", "2XL")
_BIG = (0, 0, 0, 0, 200, 400)

TEES = (
    Item(
        "be-kind-tee", "Be Kind Retro Tee", 12, "be-kind",
        "Two words that never go out of style, in fat seventies letters over autumn stripes.",
        2499, (("Soft Cream", "Autumn", "Heather Sage", "Forest", "Black"), _TO_3XL),
        "2025-03-04 16:20:11", _BIG,
        quirks=Quirks(express=True),
    ),
    Item(
        "be-kind-heavy-tee", "Be Kind Retro Tee", 6, "be-kind",
        "The same two words on our sturdiest cotton, for people who are kind in all weathers.",
        2199, (("White", "Sand", "Black"), _TO_3XL), "2025-03-11 09:41:52", _BIG,
        quirks=Quirks(title_backwards=True, safety="null"),
    ),
    Item(
        "enough-tee", "You Are Enough Tee", 12, "you-are-enough",
        "A reminder to wear close to the heart: hand-lettered, with wild stems growing through.",
        2499, (("Vintage White", "Heather Dust", "Heather Mustard", "Heather Sage", "Navy"), _TO_3XL),
        "2025-04-02 18:02:40", _BIG,
        quirks=Quirks(express=True, unavailable=(("Heather Mustard", "XL"), ("Navy", "3XL"))),
    ),
    Item(
        "good-things-tee", "Good Things Take Time Tee", 6, "good-things",
        "For the slow growers, the late bloomers and everyone who waters the same pot twice.",
        2299, ((391, 1372, "Military Green", "Dark Heather", "White"), _TO_2XL), "2025-04-19 12:30:07", _BIG,
        quirks=Quirks(stray_image=True),
    ),
    Item(
        "golden-tee", "Stay Golden Sunrise Tee", 12, "stay-golden",
        "A round little landscape with the sun just over the hill. Best worn before coffee.",
        2599, (("Vintage White", "Heather Mustard", "Forest", "Navy"), _TO_3XL), "2025-05-06 07:55:19", _BIG,
        quirks=Quirks(default_is_disabled=True),
    ),
    Item(
        "mushroom-tee", "A Little Magic Mushroom Tee", 12, "mushrooms",
        "Three mushrooms, some moss and a promise: there is a little magic in ordinary ground.",
        2499, (("Soft Cream", "Heather Sage", "Forest", "Black"), _TO_2XL), "2025-05-28 21:14:33", _BIG,
        quirks=Quirks(safety="absent"),
    ),
    Item(
        "moon-cat-tee", 'Moon Cat "Dream On" Tee', 6, "cat-moon",
        "A cat who found the best seat in the sky and sees no reason to come down.",
        2299, (("Black", "Dark Heather", "Military Green", "Sand"), _TO_3XL), "2025-06-13 22:47:01", _BIG,
        quirks=Quirks(unavailable=(("Dark Heather", "3XL"),)),
    ),
    Item(
        "scenic-tee", "Take the Scenic Route Tee, Front / Back Print", 12, "scenic-badge",
        "A small badge in front, the whole mountain behind you. No hurry.",
        2799, (("Forest", "Vintage White", "Black"), _TO_2XL), "2025-07-01 15:08:26", _BIG,
        back="scenic-route",
        quirks=Quirks(locked=True, published=False),
    ),
    Item(
        "busy-bee-tee", "Busy Being Kind Bee Tee", 6, "busy-bees",
        "Three bees, one job. Dotted lines show how far a good deed travels.",
        2299, (("White", "Sand", "Sport Grey"), _TO_2XL), "2025-09-15 10:00:00", _BIG,
        quirks=Quirks(visible=False, published=False),
    ),
)  # fmt: skip

HOODIES = (
    Item(
        "breathe-hoodie", "Breathe Hoodie", 77, "breathe",
        "One word, one long line. Pull the hood up, count to four, and start again.",
        3999, (("Sand", "Heather Sage", "Dark Chocolate", "Black"), _TO_3XL), "2025-02-18 11:22:09", _BIG,
    ),
    Item(
        "scenic-hoodie", "Take the Scenic Route Hoodie", 77, "scenic-badge",
        "Heavy enough for the summit, soft enough for the sofa. The long way home is on the back.",
        4188, (("Military Green", "Navy", "Sand"), _TO_3XL), "2025-08-21 19:36:44", _BIG,
        back="scenic-route",
        quirks=Quirks(unavailable=(("Navy", "S"), ("Navy", "M"))),
    ),
    Item(
        "better-days-hoodie", "Better Days Ahead Rainbow Hoodie", 77, "better-days",
        "A rainbow in the colours of October, for days that need a forecast of their own.",
        4099, (("White", "Sand", "Black"), _TO_2XL), "2025-10-02 08:15:58", _BIG,
        quirks=Quirks(title_backwards=True, safety="null"),
    ),
    Item(
        "meadow-hoodie", "Wild Meadow All-Over Hoodie", 450, "meadow-pattern",
        "Our whole meadow, from hood to hem. Cut and sewn after printing; the flowers meet at the seams.",
        4688, (_TO_3XL,), "2025-10-20 13:49:30", (0, 0, 0, 0, 0, 0), ground="#38463b",
    ),
)  # fmt: skip

HATS = (
    Item(
        "golden-hat", "Stay Golden Dad Hat", 1447, "sunrise-mark",
        "A stitched sunrise for the front of your day.",
        2688, (("Khaki", "Olive", "Black"), ("One size",)), "2025-06-30 17:17:17",
    ),
    Item(
        "kind-hat", "Be Kind Dad Hat", 1447, "kind-mark",
        "Two words in thread, low profile, high hopes.",
        2588, (("Rust", "Khaki", "Black"), ("One size",)), "2025-08-08 14:25:36",
        quirks=Quirks(unavailable=(("Rust", "One size"),), safety="absent"),
    ),
)  # fmt: skip
