"""A promotion code typed in the cart. It is the one of the checkout: the session keeps it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from ilytat.integrations import throttle
from orders import cart as carts
from orders.views import cart_page
from payments import coupons


@never_cache
@throttle.ratelimit("30/minute")
def cart_code(request: HttpRequest) -> HttpResponse:
    """Form field `code`, or `no_code` to take it away. To the cart, or the cart with `code_problem`."""
    shown = carts.view(carts.current(request))
    if request.method != "POST" or not shown.lines:
        return redirect("cart")
    if "no_code" in request.POST:
        coupons.forget(request)
        return redirect("cart")
    try:
        coupons.typed(request, request.POST.get("code", ""), shown.subtotal, shown.currency)
    except coupons.NotValid as problem:
        return cart_page(request, status=422, code_problem=str(problem))
    return redirect("cart")
