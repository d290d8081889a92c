"""Pages of lists, most with a page object: its addresses are relative and lead nowhere, as Printify's do."""

from typing import Any

from django.http import HttpRequest

Label = str | int


def _asked(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, "")
    return max(1, int(text)) if text.isdecimal() else default


def _url(number: int) -> str:
    return f"/?page={number}"


def _link(label: Label, number: int | None, *, active: bool = False) -> dict[str, Any]:
    return {"url": None if number is None else _url(number), "label": str(label), "active": active}


def _window(request: HttpRequest, *, default: int, most: int) -> tuple[int, int]:
    """Return the limit and the page's number; a limit beyond `most` is cut down to it (not documented)."""
    return min(_asked(request, "limit", default), most), _asked(request, "page", 1)


def bare(request: HttpRequest, rows: list[dict[str, Any]], *, default: int, most: int) -> list[dict[str, Any]]:
    """Return the rows of one page without a page object around them."""
    limit, current = _window(request, default=default, most=most)
    return rows[(current - 1) * limit : current * limit]


def page(request: HttpRequest, rows: list[dict[str, Any]], *, default: int, most: int) -> dict[str, Any]:
    """A page past the end is empty, with null for from and to."""
    limit, current = _window(request, default=default, most=most)
    last = max(1, -(-len(rows) // limit))
    start = (current - 1) * limit
    data = bare(request, rows, default=default, most=most)
    before, after = (current - 1 if current > 1 else None), (current + 1 if current < last else None)
    numbers = [_link(number, number, active=number == current) for number in range(1, last + 1)]
    return {
        "current_page": current,
        "data": data,
        "first_page_url": _url(1),
        "from": start + 1 if data else None,
        "last_page": last,
        "last_page_url": _url(last),
        "links": [_link("&laquo; Previous", before), *numbers, _link("Next &raquo;", after)],
        "next_page_url": None if after is None else _url(after),
        "path": "/",
        "per_page": limit,
        "prev_page_url": None if before is None else _url(before),
        "to": start + len(data) if data else None,
        "total": len(rows),
    }
