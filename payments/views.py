from django.http import HttpRequest, HttpResponse


def checkout(request: HttpRequest) -> HttpResponse:
    return HttpResponse("checkout")


def checkout_pay(request: HttpRequest, token: str) -> HttpResponse:
    return HttpResponse(token)


checkout_success = checkout
