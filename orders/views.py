from django.http import HttpRequest, HttpResponse


def cart(request: HttpRequest) -> HttpResponse:
    return HttpResponse("cart")


cart_add = cart_update = order_find = cart


def order(request: HttpRequest, token: str) -> HttpResponse:
    return HttpResponse(token)
