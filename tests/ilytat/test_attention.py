"""What staff see first: one true sentence, and for each thing that waits what it is, what it costs and the ways out."""

import time
from datetime import timedelta

import pytest
from django.contrib.admin import site
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import FieldChange
from ilytat.integrations import alerts, system_status
from ilytat.integrations.models import Alert, HealthResult, InboundEvent
from notifications.models import OutgoingEmail
from orders import lifecycle
from orders.models import Fulfilment, HoldReason, Order
from payments.models import Payment, Refund
from tests import factories
from tests.orders.conftest import again, changed, created, held, paid, printing
from tests.pages import text

pytestmark = pytest.mark.django_db

INDEX = "/admin/"


def stuck(**given: object) -> Fulfilment:
    return changed(
        paid(number=f"S{Order.objects.count():07d}"), state="attention", last_error="Printify says no.", **given
    )


def act(client: Client, source: str, pk: int, way: str) -> str:
    return text_of(client.post(f"/admin/attention/{source}/{pk}/{way}/", follow=True))


def text_of(answer: object) -> str:
    return text(answer) if b"<main" in answer.content else answer.content.decode()  # type: ignore[attr-defined]  # Django's test answer


def test_when_nothing_waits_it_says_so(admin_client: Client) -> None:
    factories.running_processes()
    assert "All is well Nothing needs a person, and no work is waiting." in text_of(admin_client.get(INDEX))


def test_before_the_first_heartbeat_it_says_starting_and_later_that_nothing_runs(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_status, "STARTED", time.monotonic())
    page = text_of(admin_client.get(INDEX))
    assert "Starting No worker and no beat has been seen yet." in page
    assert "Background jobs Not heard yet" in page

    monkeypatch.setattr(system_status, "STARTED", time.monotonic() - 500)
    page = text_of(admin_client.get(INDEX))
    assert "The worker for webhooks, fulfilment, mail is not running: it has never been seen." in page
    assert "All is well" not in page


def test_a_stuck_order_says_what_it_costs_and_how_it_goes_on(admin_client: Client) -> None:
    factories.running_processes()
    job = stuck()
    page = text_of(admin_client.get(INDEX))
    assert "One thing needs a person" in page
    assert f"Order {job.order.number} is not being printed" in page
    assert "Printify says no." in page
    assert "The buyer paid $29.74." in page
    for way in ("retry", "cancel"):
        assert f"/admin/attention/printing/{job.pk}/{way}/" in admin_client.get(INDEX).content.decode()


def test_the_reason_says_what_to_do_before_the_words_of_the_machine(admin_client: Client) -> None:
    changed(stuck(upstream_status="canceled"), last_error="Printify says 'canceled'.")
    paid_ = changed(paid(number="K0000001"), state="attention", last_error="Lost at gate: 401")
    page = text_of(admin_client.get(INDEX))
    assert "print it again, or refund it. (Printify says 'canceled'.)" in page
    assert "Lost at gate: 401" in page
    assert "renew the token" not in page, "a message is not searched for its meaning"
    changed(paid_, last_error="Gone.", upstream_status="has-issues")
    assert "mend it there, then try again. (Gone. Printify says 'has-issues'.)" in text_of(admin_client.get(INDEX))


def test_pressing_twice_does_it_once(admin_client: Client) -> None:
    job = stuck()
    assert "Canceled" in act(admin_client, "printing", job.pk, "cancel")
    assert "it is canceled already" in act(admin_client, "printing", job.pk, "cancel")
    assert again(job).order.state == "canceled"
    assert OutgoingEmail.objects.filter(kind="order_canceled").count() == 1


def test_a_held_order_is_released(admin_client: Client) -> None:
    job = created()
    lifecycle.hold(job, HoldReason.STAFF, who="eva", why="the print looks odd")
    assert "is on hold: held by staff the print looks odd" in text_of(admin_client.get(INDEX))
    hold = job.holds.get()
    assert "Released" in act(admin_client, "holds", hold.pk, "release")
    assert "It was released already" in act(admin_client, "holds", hold.pk, "release")


def test_what_is_printing_is_not_canceled_but_settled(admin_client: Client) -> None:
    job = changed(printing(), state="attention", last_error="Printify says 'canceled'.")
    assert "Too late" in act(admin_client, "printing", job.pk, "cancel")
    assert "nobody looks at it any more" in act(admin_client, "printing", job.pk, "settled")
    assert again(job).state == "ended"


def test_an_order_whose_money_differs_is_accepted_by_a_person_once(admin_client: Client) -> None:
    order = factories.order(factories.variant(), state="attention")
    assert "the money differs" in text_of(admin_client.get(INDEX))
    assert "it is being printed" in act(admin_client, "orders", order.pk, "accept")
    assert "dealt with already" in act(admin_client, "orders", order.pk, "accept")
    assert Fulfilment.objects.filter(order=order).count() == 1


def test_webhooks_mails_and_incidents_wait_in_the_same_queue(admin_client: Client) -> None:
    event = factories.inbound_event(state="attention", last_error="Still unknown")
    mail = OutgoingEmail.objects.create(kind="shipped", dedupe_key="x", to="a@b.de", context={}, state="attention")
    factories.running_processes()
    alerts.open_alert("health:printify", "Printify is away.", next_step="Wait.")
    alerts.open_alert("mail:attention", "A mail could not be sent", next_step="Look.")
    page = text_of(admin_client.get(INDEX))
    assert "3 things need a person" in page, "an alert about a row that stands there itself is not told twice"
    assert "Ignored." in act(admin_client, "events", event.pk, "ignore")
    assert "Dropped." in act(admin_client, "mails", mail.pk, "drop")
    assert "Closed." in act(admin_client, "incidents", Alert.objects.get(key="health:printify").pk, "close")
    assert "All is well" in text_of(admin_client.get(INDEX))
    assert InboundEvent.objects.get().state == "ignored"


def test_a_change_at_printify_that_a_policy_holds_is_decided_there(admin_client: Client) -> None:
    product = factories.product(upstream_title="Bee tee")
    change = FieldChange.objects.create(product=product, field="title", before="Bee tee", after="Bees", state="waiting")
    assert "Printify changed the title of Bee tee" in text_of(admin_client.get(INDEX))
    assert "Ours stays." in act(admin_client, "changes", change.pk, "decline")
    assert "decided already" in act(admin_client, "changes", change.pk, "decline")
    change.refresh_from_db()
    assert change.decided_by is not None


def test_work_that_nobody_does_is_the_first_thing_said(admin_client: Client) -> None:
    factories.running_processes()
    changed(paid(), next_at=timezone.now() - timedelta(minutes=20))
    assert "the oldest due row of fulfilment is 20 min old" in text_of(admin_client.get(INDEX))

    factories.silence("orders@host")
    page = text_of(admin_client.get(INDEX))
    assert "Trouble The worker for webhooks, fulfilment, mail is not running: it was last seen" in page
    assert "Its name was orders@host." in page
    assert "Start it with celery -A ilytat worker -n orders@%h -Q webhooks,fulfilment,mail --concurrency 2" in page
    assert "oldest due row" not in page, "the dead worker explains it"
    assert "needs a person" not in page
    alerts.open_alert("process:worker:orders", "The worker for webhooks is not running.")
    assert "needs a person" not in text_of(admin_client.get(INDEX)), "it is said above"


def test_nothing_is_said_to_run_while_a_provider_is_down(admin_client: Client) -> None:
    factories.running_processes()
    stuck()
    assert "Everything else runs" in text_of(admin_client.get(INDEX))
    for name in ("printify", "stripe"):
        HealthResult.objects.create(name=name, state="down", detail="No answer.")
    page = text_of(admin_client.get(INDEX))
    assert "The check of printify fails. No answer." in page
    assert "The check of stripe fails. No answer." in page
    assert "2 parts of the shop are not working. One thing needs a person, listed below." in page
    assert "Everything else runs" not in page


def test_an_open_incident_of_a_provider_stands_in_for_its_check(admin_client: Client) -> None:
    factories.running_processes()
    HealthResult.objects.create(name="printify", state="down", detail="401")
    alerts.open_alert("provider:printify", "Printify refuses the token.", next_step="Make a new one.")
    page = text_of(admin_client.get(INDEX))
    assert "Trouble" in page
    assert "Printify refuses the token. Make a new one." in page
    assert "The check of printify fails" not in page


def test_the_page_asks_the_database_no_more_for_many_rows(admin_client: Client) -> None:
    asked = []
    admin_client.get(INDEX)  # warms what is read once a process
    for count in (1, 8):
        for _ in range(count):
            stuck()
            factories.order(factories.variant(), state="attention")
        with CaptureQueriesContext(connection) as queries:
            admin_client.get(INDEX)
        asked.append(len(queries))
    assert asked[0] == asked[1]


# --- The figures ------------------------------------------------------------------------------------------


def test_the_figures_tell_money_orders_mail_catalogue_and_who_is_there(admin_client: Client) -> None:
    factories.running_processes()
    jobs = (stuck(), held(paid(number="H0000001")), printing())
    for job, days in zip(jobs, (0, 0, 1), strict=True):
        at = timezone.now() - timedelta(days=days)
        Payment.objects.create(order=job.order, captured=2974, currency="USD", payment_intent_id=job.pk, at=at)
    OutgoingEmail.objects.create(kind="shipped", dedupe_key="x", to="a@b.de", context={}, state="attention")
    page = text_of(admin_client.get(INDEX))
    assert "Money today $59.48 2 payments; yesterday $29.74" in page
    assert "Orders to make 3 1 held; 1 printing; 1 need you" in page
    assert "Mail 1 not sent" in page
    assert "Catalogue Late" in page
    assert "Background jobs Working beat: " in page
    assert "Checks Not checked" in page


def test_money_of_the_other_mode_and_of_other_currencies_is_not_todays_money(admin_client: Client) -> None:
    order = stuck().order
    Payment.objects.create(order=order, captured=100, currency="USD", payment_intent_id="pi_1", live=True)
    Payment.objects.create(order=order, captured=100, currency="EUR", payment_intent_id="pi_2", applied=False)
    assert "Money today $0.00" in text_of(admin_client.get(INDEX))


def test_what_went_back_today_is_said_beside_it(admin_client: Client) -> None:
    paid = Payment.objects.create(order=stuck().order, captured=500, currency="USD", payment_intent_id="pi_1")
    for amount, state in ((300, "succeeded"), (200, "failed")):
        Refund.objects.create(payment=paid, amount=amount, state=state, asked_by="x", idempotency_key=state)
    assert "Money today $5.00 1 payment; $3.00 given back; yesterday $0.00" in text_of(admin_client.get(INDEX))


def test_a_check_that_found_trouble_is_named_with_its_words(admin_client: Client) -> None:
    HealthResult.objects.create(name="catalogue", state="ok")
    HealthResult.objects.create(name="stripe", state="down", detail="The key was revoked.")
    page = text_of(admin_client.get(INDEX))
    assert "Checks Stripe The key was revoked." in page
    HealthResult.objects.update(state="ok")
    assert "Checks All answer" in text_of(admin_client.get(INDEX))
    HealthResult.objects.update(checked_at=timezone.now() - timedelta(hours=1))
    assert "Checks Not checked" in text_of(admin_client.get(INDEX))


def test_mail_that_came_back_is_counted(admin_client: Client) -> None:
    OutgoingEmail.objects.create(kind="shipped", dedupe_key="x", to="a@b.de", state="sent", fate="bounced")
    assert "Mail 1 came back 1 sent in 24 hours; 1 came back" in text_of(admin_client.get(INDEX))


# --- The rooms --------------------------------------------------------------------------------------------


def test_every_list_stands_in_a_room_and_says_what_it_is_for(admin_client: Client) -> None:
    rooms = site.get_app_list(admin_client.get(INDEX).wsgi_request)
    shown = {table["model"]._meta.label_lower: table for room in rooms for table in room["models"]}
    assert {model._meta.label_lower for model in site._registry} == set(shown)
    assert not [label for label, table in shown.items() if not table.get("hint")], "name it in ilytat.admin_sections"
    assert "How many an hour, and how many failed." in text_of(admin_client.get("/admin/integrations/apiusage/"))


def test_who_may_not_change_it_does_not_see_it(client: Client) -> None:
    job = stuck()
    clerk = get_user_model().objects.create_user(email="clerk@example.com", password="x", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_order"))
    client.force_login(clerk)
    page = text_of(client.get(INDEX))
    assert "is not being printed" not in page
    assert "Money today" not in page
    assert "Orders to make" in page
    assert "Claims" not in page
    assert client.post(f"/admin/attention/printing/{job.pk}/retry/").status_code == 403
    assert client.get(f"/admin/attention/printing/{job.pk}/retry/").status_code == 405


def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    job = stuck()
    assert client.post(f"/admin/attention/printing/{job.pk}/cancel/").status_code == 302
    assert again(job).order.state == "paid"


# --- The order's own page ---------------------------------------------------------------------------------


def test_the_order_page_has_everything_of_the_order(admin_client: Client) -> None:
    job = stuck()
    where = f"/admin/orders/order/{job.order_id}"
    page = admin_client.get(f"{where}/change/").content.decode()
    assert "order_confirmed" in page
    assert "Printify says no." in page
    mail = OutgoingEmail.objects.get()
    admin_client.post(f"{where}/mail/{mail.pk}/")
    assert OutgoingEmail.objects.count() == 2
    admin_client.post(f"{where}/note/", {"words": "Called her."})
    assert "Called her." in admin_client.get(f"{where}/change/").content.decode()
    admin_client.post(f"{where}/do/retry/")
    assert again(job).state == "new"
    assert admin_client.get(f"{where}/do/cancel/").status_code == 405


def test_a_hold_is_offered_for_what_may_still_be_printed_only(admin_client: Client) -> None:
    job = created()
    where = f"/admin/orders/order/{job.order_id}/change/"
    assert 'form="do-hold"' in admin_client.get(where).content.decode()
    lifecycle.cancel(job.order, who="eva")
    assert 'form="do-hold"' not in admin_client.get(where).content.decode()


def test_how_promises_of_arrival_were_kept(admin_client: Client) -> None:
    job = printing()
    today = timezone.localdate()
    Order.objects.update(arrives_from=today, arrives_until=today + timedelta(days=3))
    job.shipments.create(carrier="usps", number="1", provider_id=99, delivered_at=timezone.now())
    page = text_of(admin_client.get("/admin/orders/order/arrivals/"))
    assert "99 US 1 0–3 days" in page
    assert "100 % 0 0" in page
