import pytest

from catalog.color_groups import clean_hexes, family_of


@pytest.mark.parametrize(
    ("colour", "family"),
    [
        ("#ffffff", "white"), ("#efe4cd", "white"), ("#1d1c1b", "black"), ("#a9aaab", "grey"), ("#45484b", "grey"),
        ("#d8c8ac", "brown"), ("#43332b", "brown"), ("#c8102e", "red"), ("#b5623a", "orange"), ("#dfb35f", "yellow"),
        ("#5f6750", "green"), ("#6b6a4c", "green"), ("#8d9a83", "green"), ("#28303f", "blue"), ("#3b2a50", "purple"),
        ("#f4a6c0", "pink"),
    ],
)  # fmt: skip
def test_a_printers_shade_belongs_to_the_color_people_call_it(colour: str, family: str) -> None:
    assert family_of(colour) == family


def test_only_colors_reach_the_page() -> None:
    assert clean_hexes(["#FFFFFF", '"><script>', None, "red", "#12345"]) == ("#ffffff",)
