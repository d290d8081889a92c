"""Setup check: the DNS records without which mailboxes reject our emails or file them as spam."""

from email.utils import parseaddr

from django.conf import settings
from dns.exception import DNSException
from dns.resolver import NXDOMAIN, Resolver

from ilytat.integrations import deadlines
from ilytat.integrations.readiness import Finding

SECONDS = 5.0  # for all lookups together
SENDGRID_SELECTORS = ("s1", "s2")  # of DKIM, unless the account chose others
RESERVED = (".test", ".example", ".invalid", ".localhost", ".example.com", ".example.net", ".example.org")  # RFC 2606
NOT_CHECKED = "The DNS records of emails could not be checked"
BY_HAND = "Run the check where DNS answers, or look the records up by hand: docs/operations.md names them."
SENDGRID_FIX = "Authenticate the domain at SendGrid (Settings > Sender Authentication) and add the CNAMEs it shows."
SMTP_FIX = "Add your mail provider's SPF text (v=spf1 …) as a TXT record of the domain."
DMARC_FIX = 'Add the TXT record "v=DMARC1; p=none" at _dmarc.<domain>.'


def sender_domain() -> Finding:
    """A missing record is a warning only: emails leave without it, and an account may have other DKIM selectors."""
    if settings.ENVIRONMENT == "development":
        return Finding("ok", "not looked up in development")
    addresses = (settings.EMAIL_FROM, settings.EMAIL_MARKETING_FROM)
    domains = sorted({parseaddr(address)[1].rpartition("@")[2] for address in addresses})
    if reserved := [domain for domain in domains if "." not in domain or f".{domain}".endswith(RESERVED)]:
        fix = "Set EMAIL_FROM and EMAIL_MARKETING_FROM to addresses of your domain."
        return Finding("warn", f"{NOT_CHECKED}: {', '.join(reserved)} is in no public DNS.", fix)
    try:
        with deadlines.within(SECONDS):
            resolver = Resolver()
            lacking = {domain: records for domain in domains if (records := _missing(domain, resolver))}
    except NXDOMAIN as error:
        names = ", ".join(name.to_text(omit_final_dot=True) for name in error.qnames())  # type: ignore[no-untyped-call]  # dnspython's
        return Finding("warn", f"{NOT_CHECKED}: DNS does not know {names}.", BY_HAND)
    except (DNSException, OSError):
        return Finding("warn", f"{NOT_CHECKED}: no DNS server answered.", BY_HAND)
    return _finding(domains, lacking)


def _finding(domains: list[str], lacking: dict[str, list[str]]) -> Finding:
    if lacking:
        names = {name for records in lacking.values() for name in records}
        fixes = [SENDGRID_FIX if settings.EMAIL_API_KEY else SMTP_FIX] if names - {"DMARC"} else []
        text = "; ".join(f"{domain} has no {', '.join(records)}" for domain, records in lacking.items())
        fix = " ".join([*fixes, DMARC_FIX] if "DMARC" in names else fixes)
        return Finding("warn", f"Mailboxes may reject our emails: {text}.", fix)
    if not settings.EMAIL_API_KEY:
        fix = "Check with your mail provider that it signs emails for the domain."
        return Finding("warn", "SPF and DMARC are set; DKIM could not be checked, its selector is unknown.", fix)
    return Finding("ok", f"SPF, DKIM and DMARC of {', '.join(domains)}")


def _missing(domain: str, resolver: Resolver) -> list[str]:
    """Return the names of the records it lacks. Raises DNSException when there is no answer or no such domain.

    SendGrid's CNAMEs count as SPF too: it sends in the name of a subdomain of its own, whose SPF comes with them.
    """
    texts = _lookup(domain, "TXT", resolver)
    keys = [_records(f"{selector}._domainkey.{domain}", "CNAME", resolver) for selector in SENDGRID_SELECTORS]
    has_sendgrid = all(any(target.endswith("sendgrid.net") for target in targets) for targets in keys)
    # A subdomain inherits its parent's policy.
    labels = domain.split(".")
    parents = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    policies = [text for parent in parents for text in _records(f"_dmarc.{parent}", "TXT", resolver)]
    has = {
        "SPF": has_sendgrid or any(text.startswith("v=spf1") for text in texts),
        "DKIM": has_sendgrid or not settings.EMAIL_API_KEY,
        "DMARC": any(text.startswith("v=dmarc1") for text in policies),
    }
    return [name for name, is_there in has.items() if not is_there]


def _records(name: str, kind: str, resolver: Resolver) -> list[str]:
    """As `_lookup`, and [] where there is no such name."""
    try:
        return _lookup(name, kind, resolver)
    except NXDOMAIN:
        return []


def _lookup(name: str, kind: str, resolver: Resolver) -> list[str]:
    """Return the records in lower case, without quotes and the dot at the end. Raises DNSException."""
    answer = resolver.resolve(name, kind, raise_on_no_answer=False, lifetime=deadlines.seconds_left())
    return [row.to_text().strip('".').lower() for row in answer]
