"""Setup check of the DNS records of emails: a resolver stands in for the network."""

from collections.abc import Callable

import dns.name
import pytest
from dns.resolver import NXDOMAIN, LifetimeTimeout, NoNameservers, NoResolverConfiguration, Resolver
from dns.rrset import RRset, from_text
from pytest_django.fixtures import Settings

from ilytat.health import SETUP_CHECKS
from ilytat.integrations import readiness
from ilytat.integrations.readiness import Finding
from notifications.readiness import SECONDS

pytestmark = pytest.mark.django_db

Zone = dict[tuple[str, str], list[str]]
SPF: Zone = {("ilytat.com", "TXT"): ['"verification=x"', '"v=spf1 include:mail.net ~all"']}
KEYS: Zone = {
    ("s1._domainkey.ilytat.com", "CNAME"): ["s1.domainkey.u1.wl.SendGrid.net."],
    ("s2._domainkey.ilytat.com", "CNAME"): ["s2.domainkey.u1.wl.SendGrid.net."],
}
FOREIGN: Zone = {key: ["elsewhere.net."] for key in KEYS}
DMARC: Zone = {("_dmarc.ilytat.com", "TXT"): ['"v=DMARC1; p=none"']}


@pytest.fixture(autouse=True)
def staging(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ENVIRONMENT = "staging"
    settings.EMAIL_FROM = settings.EMAIL_MARKETING_FROM = "ILYTAT Designs <support@ilytat.com>"
    monkeypatch.setattr(Resolver, "__init__", lambda _self: None)  # reads this machine's resolv.conf


@pytest.fixture
def finding(monkeypatch: pytest.MonkeyPatch) -> Callable[[Zone], Finding]:
    """Run the check against these records."""

    def run(zone: Zone) -> Finding:
        def resolve(
            _self: Resolver, name: str, kind: str, *, raise_on_no_answer: bool, lifetime: float
        ) -> RRset | list[str]:
            assert 0 < lifetime <= SECONDS
            assert not raise_on_no_answer
            if (name, kind) in zone:
                return from_text(f"{name}.", 60, "IN", kind, *zone[name, kind])
            if any(known.endswith(name) for known in {"ilytat.com", *(known for known, _ in zone)}):
                return []
            raise NXDOMAIN(qnames=[dns.name.from_text(name)], responses={})  # type: ignore[no-untyped-call]  # dnspython types no constructor

        monkeypatch.setattr(Resolver, "resolve", resolve)
        return readiness._run("sender-domain", SETUP_CHECKS["sender-domain"])

    return run


def test_sendgrids_cnames_and_a_policy_suffice(finding: Callable[[Zone], Finding]) -> None:
    assert finding(KEYS | DMARC) == Finding("ok", "SPF, DKIM and DMARC of ilytat.com")


@pytest.mark.parametrize(
    ("zone", "missing", "fix"),
    [
        ({}, "SPF, DKIM, DMARC", "SendGrid"),
        (SPF | DMARC, "DKIM", "SendGrid"),
        (SPF | FOREIGN | DMARC, "DKIM", "SendGrid"),
        (KEYS, "DMARC", "v=DMARC1"),
    ],
)
def test_a_missing_record_is_named_with_its_fix(
    finding: Callable[[Zone], Finding], zone: Zone, missing: str, fix: str
) -> None:
    result = finding(zone)
    assert result.detail == f"Mailboxes may reject our emails: ilytat.com has no {missing}."
    assert (result.state, fix in result.fix) == ("warn", True)


def test_a_subdomain_needs_its_own_keys_and_inherits_the_policy(
    finding: Callable[[Zone], Finding], settings: Settings
) -> None:
    settings.EMAIL_MARKETING_FROM = "news@news.ilytat.com"
    address: Zone = {("news.ilytat.com", "A"): ["192.0.2.1"]}
    assert finding(KEYS | DMARC | address).detail.endswith(": news.ilytat.com has no SPF, DKIM.")


def test_of_a_domain_that_this_dns_does_not_know_nothing_is_claimed(
    finding: Callable[[Zone], Finding], settings: Settings
) -> None:
    settings.EMAIL_FROM = "support@elsewhere.net"
    result = finding(KEYS | DMARC)
    assert "could not be checked" in result.detail
    assert result.detail.endswith("does not know elsewhere.net.")


def test_with_smtp_the_selector_is_unknown(finding: Callable[[Zone], Finding], settings: Settings) -> None:
    settings.EMAIL_API_KEY = ""
    assert "has no SPF, DMARC" in finding({}).detail
    result = finding(SPF | DMARC)
    assert (result.state, "DKIM could not be checked" in result.detail) == ("warn", True)


@pytest.mark.parametrize("error", [LifetimeTimeout, NoNameservers, NoResolverConfiguration, OSError])
def test_without_an_answer_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def resolve(*_args: object, **_options: object) -> RRset:
        raise error

    monkeypatch.setattr(Resolver, "resolve", resolve)
    result = readiness._run("sender-domain", SETUP_CHECKS["sender-domain"])
    assert result.detail == "The DNS records of emails could not be checked: no DNS server answered."
    assert result.state == "warn"


@pytest.mark.parametrize("address", ["shop@ilytat.test", "shop@mail.example.com", "shop@localhost", "broken"])
def test_a_reserved_domain_is_not_looked_up(monkeypatch: pytest.MonkeyPatch, settings: Settings, address: str) -> None:
    monkeypatch.delattr(Resolver, "resolve")
    settings.EMAIL_FROM = address
    result = readiness._run("sender-domain", SETUP_CHECKS["sender-domain"])
    assert (result.state, "EMAIL_FROM" in result.fix) == ("warn", True)


def test_nothing_is_looked_up_in_development(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.delattr(Resolver, "resolve")
    settings.ENVIRONMENT = "development"
    assert readiness._run("sender-domain", SETUP_CHECKS["sender-domain"]).state == "ok"
