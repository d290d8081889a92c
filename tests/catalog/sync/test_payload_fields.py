"""Single values of Printify's JSON."""

from xml.etree import ElementTree as ET

import pytest

from catalog.printify import fields


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Kind\x0b\x1f tee", "Kind tee"),
        (" \x00 Kind ", "Kind"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("été \ufffe\uffff Ω 😀", "été  Ω 😀"),
        ("\x7f", ""),
        (None, ""),
        (7, ""),
    ],
)
def test_a_text_is_what_every_format_of_ours_can_hold(given: object, kept: str) -> None:
    found = fields.text({"title": given}, "title", 40)
    assert found == kept
    assert ET.fromstring(f"<a>{found}</a>").text in {kept, None}  # noqa: S314 (our own words)
