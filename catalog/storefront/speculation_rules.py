"""What a browser may fetch before it is asked for."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe


@require_safe
@cache_control(public=True, max_age=86_400)
def speculation(_request: HttpRequest) -> HttpResponse:
    """Which links a browser may fetch when the pointer rests on them: a header leads here, for the policy allows no
    script in the page.
    """
    where = {
        "and": [
            {"href_matches": ["/products/*", "/categories/*", "/pages/*"]},
            {"not": {"selector_matches": "[rel~=nofollow], [data-choose], .chip, .filters a"}},
        ]
    }
    rules = {"prefetch": [{"where": where, "eagerness": "moderate"}]}
    return JsonResponse(rules, content_type="application/speculationrules+json")
