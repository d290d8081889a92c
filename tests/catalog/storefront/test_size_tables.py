"""Printify's measures, each once and in both units, whichever it was written in."""

import pytest
from django.utils.translation import override

from catalog.storefront.descriptions import ParsedSizeTable
from catalog.storefront.size_tables import Cell, Measures, in_both

SIZES = ["S", "M"]


def rows(*given: tuple[str, list[str]]) -> dict[str, list[Cell]]:
    found = in_both(ParsedSizeTable(SIZES, list(given)))
    assert isinstance(found, Measures)
    return dict(found.rows)


def test_inches_are_told_in_centimetres_as_well() -> None:
    assert rows(("Width, in", ["18.00", "22.00"])) == {"Width": [Cell("18", "45.7"), Cell("22", "55.9")]}


def test_what_is_told_in_both_units_is_one_row() -> None:
    both = rows(("Width, in", ["18.00", "20.00"]), ("Width, cm", ["45.70", "50.80"]), ("Length (cm)", ["71.1", "73.7"]))
    assert both == {
        "Width": [Cell("18", "45.7"), Cell("20", "50.8")],
        "Length": [Cell("28", "71.1"), Cell("29", "73.7")],
    }


@pytest.mark.parametrize("cell", ["one size", "NaN", "Infinity", "", "1e999999", "1e9999999999999999999", "-4"])
def test_what_is_no_measure_stays_as_it_is(cell: str) -> None:
    assert rows(("Width, in", [cell, "18"]))["Width"][0] == Cell(cell, "")


def test_the_usual_measures_are_named_in_the_readers_language() -> None:
    with override("es"):
        found = rows(("Width, in", ["18", "20"]), ("Secret measure, in", ["1", "2"]))
    assert list(found) == ["Ancho", "Secret measure"]


def test_only_garments_are_laid_flat() -> None:
    assert Measures(["XS", "2XL"], []).of_garment
    assert not Measures(['6" x 8"', "One size"], []).of_garment


def test_what_names_no_unit_stays_as_it_is() -> None:
    assert rows(("Fits", ["6", "8"])) == {"Fits": [Cell("6", ""), Cell("8", "")]}
    assert in_both(None) is None
