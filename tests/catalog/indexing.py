"""The search index kept by hand: rows of the factories come from no sync, and no clock ticks in a test."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from catalog.search import index


class IndexBeforeRequest:
    """A middleware: whatever a test changed is indexed before the page is asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        index.catch_up()
        return self.get_response(request)
