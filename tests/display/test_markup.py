"""What others wrote is shown with its words and without its powers."""

import pytest

from ilytat.pages.markup import cleaned, prose

HOSTILE = [
    ("<script>alert(1)</script>soft", "soft"),
    ("<style>body{display:none}</style>soft", "soft"),
    ('<p onclick="steal()" style="color:red" class="x" id="y">soft</p>', "<p>soft</p>"),
    ('<ol start="9"><li>soft</li></ol>', "<ol><li>soft</li></ol>"),
    ('<img src="x" onerror="steal()">soft', "soft"),
    ("<!-- hidden -->soft", "soft"),
    ("<iframe src='https://elsewhere.example'></iframe>soft", "soft"),
    ("<form action='/account/'><input name='a'>soft</form>", "soft"),
]


@pytest.mark.parametrize(("given", "shown"), HOSTILE)
def test_what_could_act_is_taken_out(given: str, shown: str) -> None:
    assert (cleaned(given), prose(given)) == (shown, shown)


@pytest.mark.parametrize("href", ["https://elsewhere.example/", "mailto:a@example.com", "/products/"])
def test_a_printifys_text_links_nowhere(href: str) -> None:
    assert cleaned(f'<a href="{href}">here</a><h2>Big</h2>') == "hereBig"


@pytest.mark.parametrize("href", ["https://elsewhere.example/", "mailto:a@example.com", "tel:+15550100"])
def test_staff_may_link_and_the_other_side_learns_nothing(href: str) -> None:
    assert prose(f'<a href="{href}" target="_top" hreflang="en">here</a>') == (
        f'<a href="{href}" rel="noopener noreferrer">here</a>'
    )


@pytest.mark.parametrize("href", ["javascript:alert(1)", "http://plain.example/", "data:text/html,x"])
def test_a_link_of_another_kind_loses_its_target(href: str) -> None:
    assert prose(f'<a href="{href}">here</a>') == '<a rel="noopener noreferrer">here</a>'


def test_the_shape_of_a_text_stays() -> None:
    table = "<table><tbody><tr><td>S</td></tr></tbody></table>"
    text = f"<h3>Care</h3><ul><li><strong>Warm</strong> <em>wash</em></li></ul>{table}"
    assert cleaned(text) == text
    assert prose(f"<h2>Terms</h2>{text}") == f"<h2>Terms</h2>{text}"


def test_no_text_is_no_text() -> None:
    assert cleaned("") == ""
