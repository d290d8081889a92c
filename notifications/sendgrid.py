"""Anymail's SendGrid backend, which follows no redirect (whoever answers with one shall not get our key) and waits for
no answer without end.
"""

import requests
from anymail.backends import sendgrid

from ilytat.integrations import deadlines

TOTAL = 30.0  # seconds


class EmailBackend(sendgrid.EmailBackend):  # type: ignore[misc]  # Anymail carries no types
    def create_session(self) -> requests.Session:
        usual, ours = super().create_session(), deadlines.session(TOTAL)
        ours.headers, ours.hooks = usual.headers, usual.hooks
        return ours
