"""What goes along: bags, phone cases, stickers and car magnets."""

from sandbox.demo.item import Item, Quirks

_BAG = ('15" x 16"',)
_PHONES = ("iPhone 13", "iPhone 14", "iPhone 15", "iPhone 15 Pro")
_STICKERS = ("2″ × 2″", "3″ × 3″", "4″ × 4″", "6″ × 6″")
_STICKER_STEPS = (0, 100, 200, 400)

TOTES = (
    Item(
        "wildflower-tote", "Wildflower Market Tote", 1389, "wildflowers",
        "Carries bread, books and bouquets. The bouquet is included.",
        1988, (("Natural", "Black"), _BAG), "2025-05-20 08:44:59",
    ),
    Item(
        "kind-tote", "Be Kind Tote", 1389, "be-kind",
        "Two words and room for a week of groceries.",
        1988, (("Natural", "Olive"), _BAG), "2025-06-21 13:37:00",
    ),
    Item(
        "bee-tote", "Busy Being Kind Tote", 1389, "busy-bees",
        "For errands of the better sort.",
        1888, (("Natural",), _BAG), "2025-07-23 16:01:18", quirks=Quirks(published=False),
    ),
)  # fmt: skip

PHONE_CASES = (
    Item(
        "moon-cat-case", "Moon Cat Phone Case", 269, "cat-moon",
        "Two layers of protection and one of company.",
        1988, (_PHONES, ("Glossy", "Matte")), "2025-06-17 23:05:50",
        quirks=Quirks(unavailable=(("iPhone 13", "Matte"),)), ground="#39463d",
    ),
    Item(
        "meadow-case", "Wild Meadow Phone Case", 269, "meadow-pattern",
        "The meadow, pocket size.",
        1988, (_PHONES, ("Glossy", "Matte")), "2025-10-25 07:29:13", ground="#38463b",
    ),
    Item(
        "mushroom-case", "A Little Magic Phone Case", 269, "mushrooms",
        "Grows nicely in jacket pockets.",
        1988, (_PHONES[1:], ("Matte",)), "2025-08-14 19:48:27", quirks=Quirks(title_backwards=True), ground="#efe4cd",
    ),
)  # fmt: skip

STICKERS = (
    Item(
        "open-hand-sticker", "Hold Gently Sticker", 400, "open-hand",
        "An open hand and what belongs in it. Waterproof, and good on laptops.",
        499, (_STICKERS, ("White",)), "2025-02-03 12:00:00", _STICKER_STEPS,
    ),
    Item(
        "bloom-sticker", "Bloom Anyway Daisy Sticker", 400, "bloom-anyway",
        "A daisy with an opinion.",
        499, (_STICKERS, ("White", "Transparent")), "2025-04-27 10:10:10", _STICKER_STEPS,
        quirks=Quirks(title_backwards=True),
    ),
    Item(
        "golden-sticker", "Stay Golden Sticker", 400, "stay-golden",
        "The smallest sunrise we make.",
        499, (_STICKERS[:3], ("White",)), "2025-07-25 15:41:06", _STICKER_STEPS,
    ),
)  # fmt: skip

MAGNETS = (
    Item(
        "sunshine-magnet", "Car Magnet: Hello Sunshine", 1464, "hello-sunshine",
        "Good morning to everyone behind you in traffic.",
        499, (("3'' × 3''", "5'' × 5''"), ("Rectangle",), ("1 pc", "3 pcs")), "2025-03-28 17:22:45", (0, 300),
        (("3 pcs", 600),), ground="#4f5f55",
    ),
    Item(
        "open-hand-magnet", "Car Magnet: Hold Gently", 1464, "open-hand",
        "Wave first. Peels off without a trace.",
        799, (("5'' × 5''",), ("Rectangle",), ("1 pc",)), "2025-11-12 11:58:59", ground="#f6ecd8",
    ),
)  # fmt: skip
