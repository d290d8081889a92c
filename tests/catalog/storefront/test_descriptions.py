"""Printify's descriptions, made fit for our pages."""

from catalog.storefront.descriptions import described

TABLE = """<table id="size-guide" style="width:100%"><thead><tr><th></th><th>S</th><th>M</th></tr></thead>
<tbody><tr><td>Width, in</td><td>18.00</td><td>20.00</td></tr></tbody></table>"""


def test_the_size_table_is_taken_out_and_read() -> None:
    found = described(f"<p>Soft.</p>{TABLE}")
    assert found.html.strip() == "<p>Soft.</p>"
    assert found.table is not None
    assert (found.table.sizes, found.table.rows) == (["S", "M"], [("Width, in", ["18.00", "20.00"])])


def test_a_table_of_something_else_stays_where_it_is() -> None:
    found = described("<table><tr><td>Only one</td></tr></table>")
    assert found.table is None
    assert "Only one" in found.html


def test_lines_that_begin_with_a_dash_become_a_list() -> None:
    assert "<ul><li>Cotton</li><li>Warm</li></ul>" in described("<p>Features<br/>- Cotton<br/>- Warm</p>").html
    assert "<ul><li>Cotton</li></ul>" in described("Soft.<br/>.: Cotton<br/>").html


def test_nothing_that_could_run_or_lead_elsewhere_survives() -> None:
    html = described(
        '<p onclick="x()" style="color:red">Hi<script>bad()</script><img src=x onerror=y><a href="http://x">go</a></p>'
        "<table><script>bad()</script><tr><th>S</th></tr></table><br>- <img src=x>"
    ).html
    assert not any(word in html for word in ("script", "onclick", "style", "img", "href", "bad()"))


def test_empty_paragraphs_leave_no_gaps() -> None:
    assert described("<p>Hi</p><p><br/></p><p>&nbsp;</p>").html == "<p>Hi</p>"
