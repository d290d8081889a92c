"""What every API view of Printify stands behind: its name, the token, the limits, the shop, JSON in and out."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from sandbox import faults, settings
from sandbox.printify import limits, refusals

# A view answers with the body (a plain value) or with a whole response where the status is not 200.
View = Callable[..., Any]
ApiView = Callable[..., HttpResponseBase]


def route(name: str, *, bucket: str = "all") -> Callable[[View], ApiView]:
    """Faults and the call count know the view as "printify.<name>"."""

    def decorate(view: View) -> ApiView:
        @faults.route(f"printify.{name}")
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                _admit(request, bucket, kwargs.pop("shop_id", None))
                answer = view(request, *args, **kwargs)
            except refusals.Refused as refused:
                answer = refused.answer()
            response = answer if isinstance(answer, HttpResponse) else JsonResponse(answer, safe=False)
            response["X-RateLimit-Limit"] = str(limits.BUCKETS[bucket][0])
            return response

        return guarded

    return decorate


def _admit(request: HttpRequest, bucket: str, shop_id: int | None) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    known = token == settings.PRINTIFY_API_KEY if settings.PRINTIFY_API_KEY else bool(token)
    if scheme.lower() != "bearer" or not known:
        raise refusals.Refused(401, {"error": "Unauthenticated."})
    if not limits.spend(bucket):
        raise refusals.Refused(429, {"error": "Too Many Attempts."})
    if shop_id not in {None, settings.PRINTIFY_SHOP_ID}:
        raise refusals.Refused(401, {})  # a shop that the token cannot reach


def by_method(**views: ApiView) -> ApiView:
    """One path, a view for each HTTP method; any other method is refused with a JSON body."""

    def choose(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        view = views.get(request.method or "")
        if view is None:
            answer = refusals.wrong_method().answer()
            answer["Allow"] = ", ".join(views)
            return answer
        return view(request, **kwargs)

    return choose


def body(request: HttpRequest) -> dict[str, Any]:
    try:
        sent = json.loads(request.body)
    except ValueError:
        sent = None
    if not isinstance(sent, dict):
        raise refusals.failure(refusals.BODY, "The request body is not a JSON object.")
    return sent


@route("unknown")
def unknown(_request: HttpRequest, **_rest: Any) -> Any:
    raise refusals.not_found()
