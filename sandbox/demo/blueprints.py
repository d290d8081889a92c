"""The blank goods the demo prints on, one blueprint each with the one provider that prints it.

Ids are of the kind Printify uses; brands, models and measurements are our own.
"""

from dataclasses import dataclass

from sandbox.demo.options import LETTER_SIZES, ONE_SIZE, Axis, colours, numbered, sizes


@dataclass(frozen=True)
class Blueprint:
    id: int
    title: str
    brand: str
    model: str
    provider_id: int
    kind: str  # which drawing shows it
    axes: tuple[Axis, ...]
    first_variant_id: int
    grams: int
    tags: tuple[str, ...]
    positions: tuple[str, ...] = ("front",)
    decoration: str = "dtg"


PROVIDERS = {
    3: "Lakeside Print House",
    10: "Harbor Textile Works",
    23: "Prairie Ceramics",
    28: "Foxglove Photo Lab",
    29: "Millstone Apparel",
    59: "Northfield Caps",
    72: "Juniper Paper Goods",
}

_TEE_TAGS = ("Men's Clothing", "T-shirts", "Women's Clothing", "DTG", "Unisex", "Crew neck")
_HOODIE_TAGS = ("Men's Clothing", "Hoodies", "Women's Clothing", "DTG", "Unisex", "Regular fit")
_MUG_TAGS = ("Home & Living", "Mugs", "Kitchen", "Drinkware", "Sublimation")

_ALL = (
    Blueprint(
        6, "Unisex Heavy Cotton Tee", "Millstone", "500", 29, "tee",
        (colours("White", "Black", 391, 1372, "Sand", "Military Green", "Texas Orange", "Sport Grey",
                 "Dark Heather"),
         LETTER_SIZES),
        11_952, 168, _TEE_TAGS, ("front", "back", "neck"),
    ),
    Blueprint(
        12, "Unisex Soft Jersey Tee", "Fern + Thread", "301", 3, "tee",
        (colours("Vintage White", "Soft Cream", "Autumn", "Heather Dust", "Heather Mustard", "Heather Sage",
                 "Forest", "Navy", "Black"), LETTER_SIZES),
        18_052, 142, _TEE_TAGS, ("front", "back", "neck"),
    ),
    Blueprint(
        77, "Unisex Heavy Blend Hooded Sweatshirt", "Millstone", "185", 29, "hoodie",
        (colours("Sand", "White", "Black", "Military Green", "Dark Chocolate", "Heather Sage", "Navy"),
         LETTER_SIZES),
        32_878, 488, _HOODIE_TAGS, ("front", "back"),
    ),
    Blueprint(
        450, "Unisex Pullover Hoodie (AOP)", "Harbor", "AOP-45", 10, "hoodie_aop",
        (LETTER_SIZES,),
        62_030, 540,
        ("Men's Clothing", "Hoodies", "Women's Clothing", "All Over Print", "AOP", "Sublimation"),
        ("front", "back", "left_sleeve", "right_sleeve"), "sublimation",
    ),
    Blueprint(
        68, "Ceramic Mug 11oz", "Prairie", "M11", 23, "mug",
        (sizes(1189, "11oz", name="Size"),),
        33_719, 390, (*_MUG_TAGS, "White base"), decoration="sublimation",
    ),
    Blueprint(
        425, "Accent Coffee Mug", "Prairie", "A11-15", 23, "mug_accent",
        (sizes(1189, "11oz", "15oz", name="Size"), colours("Black", "Rust", "Sage", "Gold")),
        62_014, 410, (*_MUG_TAGS, "Colorful"), decoration="sublimation",
    ),
    Blueprint(
        282, "Matte Vertical Posters", "Juniper", "P-200", 72, "poster",
        (sizes(1960, "11″ × 14″", "12″ × 18″", "16″ × 20″", "18″ × 24″", "24″ × 36″"),
         Axis("Paper", "paper", numbered(2132, "Matte"))),
        43_135, 120, ("Home & Living", "Posters", "Paper", "Wall Decor", "Indoor"),
        decoration="digital-printing",
    ),
    Blueprint(
        1389, "Cotton Canvas Tote Bag", "Harbor", "T-15", 10, "tote",
        (colours("Natural", "Black", "Olive"), sizes(2341, '15" x 16"', name="Size")),
        103_598, 190, ("Accessories", "Bags", "Tote Bags", "DTG", "Eco-friendly", "Cotton"),
    ),
    Blueprint(
        269, "Tough Phone Cases", "Foxglove", "TC-2", 28, "phone",
        (sizes(2471, "iPhone 13", "iPhone 14", "iPhone 14 Pro", "iPhone 15", "iPhone 15 Pro",
               name="Phone Models"),
         Axis("Surface", "surface", numbered(2505, "Glossy", "Matte"))),
        62_582, 45, ("Accessories", "Phone Cases", "iPhone Cases", "Tough Cases", "Glossy", "Matte"),
        decoration="sublimation",
    ),
    Blueprint(
        1447, "Washed Dad Hat", "Northfield", "62", 59, "hat",
        (colours("Khaki", "Black", "Olive", "Rust"), ONE_SIZE),
        106_001, 92, ("Accessories", "Hats", "Headwear", "Caps", "Embroidery", "Unisex"),
        decoration="embroidery",
    ),
    Blueprint(
        400, "Kiss-Cut Vinyl Stickers", "Juniper", "S-4", 72, "sticker",
        (sizes(3310, "2″ × 2″", "3″ × 3″", "4″ × 4″", "6″ × 6″"),
         Axis("Style", "style", numbered(3320, "White", "Transparent"))),
        45_748, 8, ("Accessories", "Magnets & Stickers", "Stickers", "Paper", "Indoor", "Back to School"),
        decoration="digital-printing",
    ),
    Blueprint(
        220, "Spun Polyester Square Pillow", "Harbor", "SP-14", 10, "pillow",
        (sizes(4100, '14" × 14"', '16" × 16"', '18" × 18"', '20" × 20"'),),
        41_522, 310, ("Home & Living", "Home Decor", "Pillows & Covers", "Bedroom", "Sublimation"),
        ("front", "back"), "sublimation",
    ),
    Blueprint(
        74, "Spiral Notebook", "Juniper", "N-68", 72, "notebook",
        (sizes(4200, '6" × 8"'), Axis("Paper", "paper", numbered(2140, "Ruled line", "Blank"))),
        33_740, 280, ("Home & Living", "Notebooks", "Journals & Notebooks", "Paper", "Back to School"),
        decoration="digital-printing",
    ),
    Blueprint(
        1464, "Car Magnets", "Foxglove", "CM-5", 28, "magnet",
        (sizes(4301, "3'' × 3''", "5'' × 5''", "6'' × 6''"),
         Axis("Shape", "shape", numbered(4310, "Rectangle")),
         Axis("Quantity", "quantity", numbered(4320, "1 pc", "3 pcs"))),
        105_489, 26,
        ("Accessories", "Car Accessories", "Home & Living", "Magnets & Stickers", "Magnets"),
        decoration="sublimation",
    ),
)  # fmt: skip
BLUEPRINTS = {blueprint.id: blueprint for blueprint in _ALL}
