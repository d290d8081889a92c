from django.http import HttpRequest, HttpResponse


def printify_webhook(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=503)
