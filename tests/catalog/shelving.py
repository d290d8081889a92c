"""The shelf kept by hand: rows of the factories come from no sync, and no clock ticks in a test."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from catalog import shelf


class Shelving:
    """A middleware: whatever a test changed is on the shelf before the page is asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        shelf.catch_up()
        return self.get_response(request)
