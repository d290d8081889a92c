"""Mugs, posters, pillows and what lies on a desk."""

from sandbox.demo.item import Item, Quirks

_POSTER_SIZES = ("11″ × 14″", "12″ × 18″", "16″ × 20″", "18″ × 24″", "24″ × 36″")
_POSTER_STEPS = (0, 250, 500, 800, 1500)
_PILLOW_SIZES = ('14" × 14"', '16" × 16"', '18" × 18"', '20" × 20"')

MUGS = (
    Item(
        "enough-mug", "You Are Enough Mug", 68, "you-are-enough",
        "Says it every morning, before anybody else gets the chance to say something different.",
        1499, (("11oz",),), "2025-03-22 06:30:12", quirks=Quirks(express=True),
    ),
    Item(
        "mushroom-mug", "A Little Magic Mug", 68, "mushrooms",
        "For tea, soup or potions. Holds eleven ounces of any of them.",
        1499, (("11oz",),), "2025-06-02 20:11:45",
    ),
    Item(
        "mushroom-accent-mug", "A Little Magic Mug", 425, "mushrooms",
        "The mushroom mug with a coloured handle and inside, in two sizes.",
        1699, (("11oz", "15oz"), ("Sage", "Rust")), "2025-06-05 20:40:02", (0, 200),
        quirks=Quirks(safety="null"),
    ),
    Item(
        "bee-mug", "Busy Being Kind Mug", 425, "busy-bees",
        "Sweet without sugar. A small swarm with good intentions.",
        1699, (("11oz", "15oz"), ("Gold", "Black")), "2025-07-19 10:52:37", (0, 200),
        quirks=Quirks(unavailable=(("15oz", "Black"),)),
    ),
    Item(
        "sunshine-mug", "Hello Sunshine Mug", 68, "hello-sunshine",
        "A bright hello from the kitchen table.",
        1399, (("11oz",),), "2025-11-03 09:09:09", quirks=Quirks(visible=False, published=False),
    ),
)  # fmt: skip

POSTERS = (
    Item(
        "hills-poster", "Golden Hills Poster, 11″ × 14″ / 24″ × 36″", 282, "hills-print",
        "Six layers of hill and one calm sun, printed on heavy matte paper.",
        1488, (_POSTER_SIZES, ("Matte",)), "2025-04-11 14:00:54", _POSTER_STEPS, ground="#f6efe0",
    ),
    Item(
        "wildflower-poster", "Wildflower Study Poster", 282, "wildflowers",
        "Stems from one walk, drawn with one pen: yarrow, cornflower, fern and poppy.",
        1488, (_POSTER_SIZES, ("Matte",)), "2025-05-17 16:45:21", _POSTER_STEPS,
        quirks=Quirks(stray_image=True),
        ground="#f6efe0",
    ),
    Item(
        "scenic-poster", "Take the Scenic Route Poster", 282, "scenic-route",
        "A mountain for the hallway, and good advice beside the front door.",
        1488, (_POSTER_SIZES[:4], ("Matte",)), "2025-08-29 11:11:23", _POSTER_STEPS, ground="#efe3cc",
    ),
    Item(
        "good-things-poster", "Good Things Take Time Print", 282, "good-things",
        "For the wall behind the workbench, the wheel, or the very slow sourdough.",
        1488, (_POSTER_SIZES, ("Matte",)), "2025-09-09 18:27:40", _POSTER_STEPS, quirks=Quirks(safety="null"),
        ground="#f3e6cc",
    ),
)  # fmt: skip

PILLOWS = (
    Item(
        "better-days-pillow", "Better Days Rainbow Pillow", 220, "better-days",
        "A forecast for the sofa. Printed on both sides, so that the good side is always up.",
        2288, (_PILLOW_SIZES, ), "2025-07-12 12:12:48", (0, 300, 600, 900), back="better-days",
        ground="#f3e7d2",
    ),
    Item(
        "meadow-pillow", "Wild Meadow Pillow", 220, "meadow-pattern",
        "A small field of flowers that never needs mowing.",
        2288, (_PILLOW_SIZES, ), "2025-10-24 09:33:05", (0, 300, 600, 900), back="meadow-pattern",
        ground="#38463b",
    ),
)  # fmt: skip

NOTEBOOKS = (
    Item(
        "good-things-notebook", "Good Things Take Time Notebook", 74, "good-things",
        "One hundred and eighteen pages of room for it.",
        1688, (('6" × 8"',), ("Ruled line", "Blank")), "2025-05-01 15:15:00", ground="#5c6a5c",
    ),
    Item(
        "meadow-notebook", "Wild Meadow Notebook", 74, "meadow-pattern",
        "Press a flower in it, or just the ones on the cover.",
        1688, (('6" × 8"',), ("Ruled line",)), "2025-10-28 17:50:31", quirks=Quirks(sold_out=True),
        ground="#38463b",
    ),
)  # fmt: skip
