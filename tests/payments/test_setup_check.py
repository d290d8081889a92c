"""`doctor` on a new deployment: red, then each fix applied, then green. Against the sandbox."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalog.printify.client import printify
from ilytat.accounts.models import User
from ilytat.health import SETUP_CHECKS
from ilytat.integrations import inbox, readiness
from ilytat.integrations.errors import Refused
from ilytat.integrations.models import Alert, InboundEvent
from ilytat.integrations.readiness import Finding
from ilytat.pages.models import PageText
from ilytat.pages.texts import LEGAL
from payments import gateway, webhook_endpoint
from payments import readiness as payments_readiness
from payments.models import Difference, ReconcileRun
from payments.stripe_objects import EndpointFacts
from tests import factories
from tests.payments.conftest import Till
from tests.stand_in import Sandbox

pytestmark = pytest.mark.django_db


def run(command: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(command, *arguments, stdout=out, no_color=True)
    return out.getvalue()


def states() -> dict[str, str]:
    return {name: finding.state for name, finding in readiness.run_checks(SETUP_CHECKS).items()}


def test_a_new_installation_is_red_and_each_fix_turns_its_check_green(
    at_sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    settings.STAFF_TWO_STEP = True
    with pytest.raises(CommandError, match="must be fixed"):
        run("doctor")
    lacking = ("beat", "printify-webhooks", "staff-login", "stripe-webhooks", "workers")
    assert {name for name, state in states().items() if state == "down"} == {*lacking}
    assert {name for name, state in states().items() if state == "warn"} == {
        "backup",
        "legal-pages",
        "media",
        "sales-tax",
    }

    text = run("register_webhooks")
    assert "STRIPE_WEBHOOK_SECRET=whsec_" in text
    factories.running_processes()
    TOTP.activate(User.objects.create_superuser("owner@ilytat.test", "x"), "JBSWY3DPEHPK3PXP")
    assert not [name for name, state in states().items() if state == "down"]

    inbox.receive("stripe", "evt_1", "checkout.session.completed", {})
    settings.STRIPE_AUTOMATIC_TAX = True
    settings.BACKUP_MARKER = str(tmp_path)
    for slug in LEGAL:
        PageText.objects.create(slug=slug, language="en", version=1, title="x", body="x")
    assert {name for name, state in states().items() if state != "ok"} == {"media"}, "no product has an image here"


def test_the_endpoint_at_stripe_is_created_once_and_corrected(at_sandbox: Sandbox) -> None:
    run("register_webhooks")
    assert ": no change" in run("register_webhooks")
    [endpoint] = webhook_endpoint.find()
    assert endpoint.events == frozenset(inbox.types("stripe"))
    assert len(endpoint.events) == 23
    gateway.update_webhook_endpoint(endpoint.id, endpoint.url, ["charge.refunded", "customer.created"])
    finding = payments_readiness.stripe_webhooks()
    assert finding.state == "down"
    assert "unused events: customer.created" in finding.detail
    assert "corrected" in run("register_webhooks")
    assert payments_readiness.stripe_webhooks().state == "warn", "nothing has arrived yet"
    assert len(gateway.webhook_endpoints()) == 1


@pytest.mark.parametrize(
    "spelling", ["http://testserver/api/webhooks/stripe/", "https://TestServer/api/webhooks/stripe"]
)
def test_another_spelling_of_this_address_is_corrected(at_sandbox: Sandbox, spelling: str) -> None:
    gateway.create_webhook_endpoint(spelling, inbox.types("stripe"))
    finding = payments_readiness.stripe_webhooks()
    assert (finding.state, f"its address is {spelling}" in finding.detail) == ("down", True)
    assert "corrected" in run("register_webhooks")
    assert [endpoint.url for endpoint in gateway.webhook_endpoints()] == [webhook_endpoint.url()]


def test_an_endpoint_for_all_events_lacks_none(at_sandbox: Sandbox) -> None:
    gateway.create_webhook_endpoint(webhook_endpoint.url(), ["*"])
    inbox.receive("stripe", "evt_1", "checkout.session.completed", {})
    assert payments_readiness.stripe_webhooks().detail.startswith("all events at http")
    assert ": no change" in run("register_webhooks")


def test_of_two_endpoints_the_enabled_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    url, events = webhook_endpoint.url(), frozenset(inbox.types("stripe"))
    rows = [
        EndpointFacts(f"we_{number}", url, events, gateway.API_VERSION, enabled=number == 2, created_at=timezone.now())
        for number in (1, 2, 3)
    ]
    monkeypatch.setattr(gateway, "webhook_endpoints", lambda: rows)
    assert webhook_endpoint.find() == [rows[1], rows[0], rows[2]]


def test_a_renewed_endpoint_replaces_the_old_one(at_sandbox: Sandbox) -> None:
    run("register_webhooks")
    [before] = webhook_endpoint.find()
    subscriptions = printify().webhooks()
    assert "STRIPE_WEBHOOK_SECRET=whsec_" in run("register_webhooks", "--renew", "stripe")
    [after] = gateway.webhook_endpoints()
    assert before.id != after.id
    assert printify().webhooks() == subscriptions, "the other provider's are left alone"


def test_a_renewal_that_ends_before_the_deletion_loses_neither_endpoint_nor_secret(
    at_sandbox: Sandbox,
) -> None:
    run("register_webhooks")
    out = io.StringIO()
    fault = at_sandbox.arm("stripe.webhook_endpoints.delete", "500", times=None)
    with pytest.raises(CommandError, match="Stripe"):
        call_command("register_webhooks", "--renew", "stripe", stdout=out)
    assert at_sandbox.fired(fault)
    assert "STRIPE_WEBHOOK_SECRET=whsec_" in out.getvalue()
    finding = payments_readiness.stripe_webhooks()
    assert (finding.state, "2 endpoints" in finding.detail) == ("warn", True)
    at_sandbox.clear()
    run("register_webhooks", "--renew", "stripe")
    assert len(gateway.webhook_endpoints()) == 1


def test_an_endpoint_of_another_api_version_must_be_created_again(
    at_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("register_webhooks")
    monkeypatch.setattr(gateway, "API_VERSION", "2027-01-01.next")
    assert "--renew" in payments_readiness.stripe_webhooks().fix


def test_without_the_secret_every_event_is_refused_and_the_check_says_so(
    at_sandbox: Sandbox, settings: Settings
) -> None:
    run("register_webhooks")
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert "STRIPE_WEBHOOK_SECRET is not set" in payments_readiness.stripe_webhooks().detail


def test_only_events_that_the_endpoint_delivered_prove_its_secret(at_sandbox: Sandbox) -> None:
    def receive(event_id: str) -> InboundEvent:
        inbox.receive("stripe", event_id, "charge.refunded", {})
        return InboundEvent.objects.get(event_id=event_id)

    run("register_webhooks")
    [endpoint] = webhook_endpoint.find()
    earlier, fetched = receive("evt_1"), receive("evt_2")
    InboundEvent.objects.filter(pk=earlier.pk).update(received_at=endpoint.created_at - timedelta(seconds=1))
    Difference.objects.create(
        run=ReconcileRun.objects.create(), kind="event missed", reference=fetched.event_id, explanation="x", action="y"
    )
    finding = payments_readiness.stripe_webhooks()
    assert (finding.state, "STRIPE_WEBHOOK_SECRET" in finding.fix) == ("warn", True)
    receive("evt_3")
    finding = payments_readiness.stripe_webhooks()
    assert (finding.state, finding.detail.endswith("; the last event arrived 0 s ago")) == ("ok", True)


def test_the_real_stripe_gets_no_address_it_cannot_reach(settings: Settings) -> None:
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    with pytest.raises(Refused, match="Stripe can only reach a public https address"):
        list(webhook_endpoint.subscribe(renew=False))


def test_a_restricted_key_that_may_not_read_endpoints_is_no_failure(till: Till) -> None:
    error = {"type": "invalid_request_error", "message": "The provided key does not have the required permissions."}
    till.mock.add("GET", "https://api.stripe.com/v1/webhook_endpoints", status=403, json={"error": error})
    finding = payments_readiness.stripe_webhooks()
    assert (finding.state, "Webhook Endpoints" in finding.fix) == ("warn", True)
    assert not Alert.objects.exists()


def test_a_token_without_a_scope_is_named(at_sandbox: Sandbox) -> None:
    at_sandbox.arm("printify.orders.list", "403", times=None)
    finding = readiness.run_checks(SETUP_CHECKS)["printify-scopes"]
    assert isinstance(finding, Finding)
    assert "lacks orders.read" in finding.detail
    assert not Alert.objects.filter(key__startswith="provider:").exists()
