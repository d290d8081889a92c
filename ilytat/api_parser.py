"""How the bodies of the JSON routes are read."""

from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from ilytat.integrations.client import parse
from ilytat.integrations.storable import storable_json


class StorableJsonParser(Parser):
    r"""Strict JSON that every database can store, so that no route meets anything else.

    PostgreSQL takes neither NUL nor half of a surrogate pair ("\ud800"), which Python's own parser lets through.
    """

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """Raise ValueError for any other body; the API answers it with status 400."""
        data: dict[str, Any] = parse(request.body)
        if storable_json(data) != data:
            raise ValueError("it contains text or numbers that cannot be stored")
        return data
