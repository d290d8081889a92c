"""What a WSGI server loads: `gunicorn ilytat.wsgi`."""

import os
from typing import Any

from django.core.exceptions import BadRequest
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.http import UnreadablePostError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ilytat.settings")


class ShopRequest(WSGIRequest):
    """Answer 400 where Django would answer 500 to what its sender did wrong."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        """Take a Content-Type that cannot be parsed (`x/y; charset*=none''z`) for an unknown one.

        Django parses it before any middleware runs, so that the error would reach the server.
        """
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]  # the stubs leave it out
        except (LookupError, ValueError):
            self.content_type, self.content_params = "", {}

    def read(self, *args: Any, **kwargs: Any) -> bytes:
        """Raise BadRequest if the sender breaks off or is too slow (`ilytat.slow_bodies`)."""
        try:
            return super().read(*args, **kwargs)
        except UnreadablePostError as error:
            raise BadRequest("The body did not arrive completely.") from error


application = get_wsgi_application()
application.request_class = ShopRequest
