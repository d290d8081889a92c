"""Faults of a list: pages that lie, repeat, run short or never end, and products whose fields have drifted.

Each takes the page that would have been sent and sends another one, with status 200.
"""

import json
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from sandbox import fault_effects
from sandbox.fault_effects import Call

Page = dict[str, Any]
FAR = 1_000_000


def _page(call: Call, number: int | None = None) -> Page:
    """The page that was asked for, or another."""
    if number is not None:
        asked = call.request.GET.copy()
        asked["page"] = str(number)
        call.request.GET = asked  # type: ignore[assignment]  # the stubs know only the immutable one
    answer = call.work()
    found: Page = json.loads(answer.content) if isinstance(answer, HttpResponse) else {}
    return found


def _asked(call: Call) -> int:
    return int(call.request.GET.get("page", "1"))


def _truncated(call: Call) -> HttpResponseBase:
    """params.keep (1) products of the page; its totals still count the others."""
    page = _page(call)
    return JsonResponse(page | {"data": page["data"][: int(call.params.get("keep", 1))]})


def _empty_list(_call: Call) -> HttpResponseBase:
    return JsonResponse({"current_page": 1, "data": [], "from": None, "to": None, "last_page": 1, "total": 0})


def _lying_total(call: Call) -> HttpResponseBase:
    """params.more (10) products that nobody ever sees."""
    page = _page(call)
    return JsonResponse(page | {"total": page["total"] + int(call.params.get("more", 10))})


def _repeated(call: Call) -> HttpResponseBase:
    """Every page is the first one."""
    number = _asked(call)
    return JsonResponse(_page(call, 1) | {"current_page": number})


def _overlapping(call: Call) -> HttpResponseBase:
    """As when a product is made while somebody walks: each page after the first begins with one already seen."""
    page = _page(call)
    if page["current_page"] > 1:
        page["data"] = [_page(call, page["current_page"] - 1)["data"][-1], *page["data"][:-1]]
    return JsonResponse(page)


def _endless(call: Call) -> HttpResponseBase:
    """There is always one more page, with a product of a new id."""
    number = _asked(call)
    model = _page(call, 1)["data"][0]
    return JsonResponse(
        {"current_page": number, "data": [{**model, "id": f"{number:024x}"}], "last_page": number + 1, "total": FAR}
    )


def _drift(call: Call) -> HttpResponseBase:
    """Product params.nth (0): keys of params.set replaced, those of params.drop left out, params.variant merged into
    its first variant; params.object replaces it whole.
    """
    page = _page(call)
    item, nth = page["data"][int(call.params.get("nth", 0))], int(call.params.get("nth", 0))
    item |= call.params.get("set", {})
    for name in call.params.get("drop", []):
        item.pop(name, None)
    if "variant" in call.params:
        item["variants"][0] |= call.params["variant"]
    page["data"][nth] = call.params.get("object", item)
    return JsonResponse(page)


fault_effects.KINDS |= {
    "truncated_page": _truncated,
    "empty_list": _empty_list,
    "lying_total": _lying_total,
    "repeated_pages": _repeated,
    "overlapping_pages": _overlapping,
    "endless_pages": _endless,
    "drift": _drift,
}
