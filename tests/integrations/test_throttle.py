"""Whom a limit counts as one, and what is turned away before anything reads it."""

import pytest
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from ilytat.integrations.limits import client_address


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::FFFF:cb00:7107", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_a_line_of_ipv6_counts_as_one_address(address: str, counted: str) -> None:
    assert client_address(RequestFactory().get("/", REMOTE_ADDR=address)) == counted


def test_only_our_own_proxies_are_believed(settings: Settings) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.7"})
    assert client_address(request) == "10.0.0.1"
    settings.TRUSTED_PROXY_COUNT = 1
    assert client_address(request) == "203.0.113.7"


@pytest.mark.django_db
@pytest.mark.parametrize("length", ["99999999999999", "60000000", "-1", "1e9"])
def test_a_body_that_is_too_large_is_not_read(client: Client, length: str) -> None:
    assert client.post("/cart/add/", CONTENT_LENGTH=length).status_code == 413


def test_a_cookie_with_a_nul_is_refused(client: Client) -> None:
    assert client.get("/", headers={"Cookie": 'sessionid="abcdefgh\\000x"'}).status_code == 400
