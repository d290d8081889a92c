"""The four categories the shop starts with. Staff edit names, order and rules in the admin."""

from django.db import migrations

CATEGORIES = [
    (
        "apparel",
        "Apparel",
        [
            "Men's Clothing", "Women's Clothing", "Kids' Clothing", "Baby Clothing", "T-shirts", "Hoodies",
            "Sweatshirts", "Long Sleeves", "Tank Tops", "Sportswear", "Outerwear", "Bottoms", "Dresses",
            "Skirts & Dresses", "Swimwear", "Underwear", "Socks", "Shoes", "All Over Print Clothing",
        ],
    ),
    (
        "home-living",
        "Home & Living",
        [
            "Home & Living", "Home Decor", "Wall Decor", "Posters", "Canvas", "Mugs", "Drinkware", "Bottles & Tumblers",
            "Pillows & Covers", "Blankets", "Bedding", "Bathroom", "Kitchen", "Rugs & Mats", "Candles",
            "Notebooks", "Journals & Notebooks", "Postcards", "Puzzles",
        ],
    ),
    (
        "accessories",
        "Accessories",
        [
            "Accessories", "Bags", "Tote Bags", "Backpacks", "Hats", "Headwear", "Caps", "Beanies", "Jewelry",
            "Phone Cases", "Mouse Pads", "Tech Accessories", "Car Accessories", "Travel Accessories", "Pins",
            "Stickers", "Magnets", "Magnets & Stickers", "Pets",
        ],
    ),
    (
        "gifts",
        "Gifts",
        [
            "Gifts", "Mugs", "Stickers", "Magnets", "Candles", "Ornaments", "Greeting Cards", "Postcards", "Puzzles",
            "Notebooks", "Journals & Notebooks", "Jewelry", "Games", "Valentine's Day", "Mother's Day", "Father's Day",
            "Christmas", "Holiday Picks",
        ],
    ),
]  # fmt: skip


def create(apps, schema_editor):
    Category = apps.get_model("catalog", "Category")
    for position, (slug, name, tags) in enumerate(CATEGORIES, start=1):
        Category.objects.get_or_create(slug=slug, defaults={"name": name, "position": position, "tags": tags})


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
