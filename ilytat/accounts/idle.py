"""Staff who walked away are signed out: their session ends after some hours without a request, a buyer's stays."""

import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse

from ilytat.accounts.models import User

Next = Callable[[HttpRequest], HttpResponse]
SEEN = "staff_seen"
MARK_SECONDS = 60  # between two marks: a session is not written with every click


class StaffIdleTimeoutMiddleware:
    """By the server's clock: whatever a stolen cookie says of its own age."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Pictures ask for no session; they are not to begin with it here.
        if not request.path.startswith(settings.MEDIA_URL) and SESSION_KEY in request.session:
            user = request.user
            if isinstance(user, User) and user.is_staff:
                _watch(request, user)
        return self.get_response(request)


def _watch(request: HttpRequest, user: User) -> None:
    signed_in = user.last_login.timestamp() if user.last_login else 0
    idle = time.time() - request.session.get(SEEN, signed_in)
    if idle > timedelta(hours=settings.STAFF_IDLE_HOURS).total_seconds():
        logout(request)
        messages.info(request, "You were signed out after some hours without a click. Please sign in again.")
    elif idle > MARK_SECONDS:
        request.session[SEEN] = int(time.time())
