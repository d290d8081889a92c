"""Pages that a browser need not load twice: each carries a validator, and an unchanged one is answered with 304.

Pages are drawn for one browser (cart count, language, form tokens), so no shared cache keeps them: `private`, and asked
again each time. Without `no-store` Back shows them at once.
"""

import hashlib
import re
from collections.abc import Callable
from functools import update_wrapper
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
Answered = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
# The token is masked anew in every answer and means the same; the secret behind it is part of the validator.
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"')
OK = 200


def revalidated(view: View[P]) -> Answered[P]:
    def answered(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if response.status_code != OK:
            return response
        etag = _etag(request, response.content)
        response["ETag"] = etag
        response["Speculation-Rules"] = f'"{reverse("speculation")}"'
        patch_cache_control(response, private=True, no_cache=True)
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        return get_conditional_response(request, etag, None, response) or response

    update_wrapper(answered, view)
    return answered


def _etag(request: HttpRequest, content: bytes) -> str:
    secret = str(request.META.get("CSRF_COOKIE", ""))
    return f'W/"{hashlib.sha256(TOKEN.sub(b"", content) + secret.encode()).hexdigest()[:32]}"'
