from importlib import import_module

import pytest
from django.apps import apps
from django.core import mail as sent_mail
from django.test import Client
from django.urls import reverse

from ilytat.integrations import jobs
from notifications.email_types import KINDS
from notifications.models import Brand, OutgoingEmail
from notifications.samples import sample
from tests.notifications.conftest import Queue
from tests.pages import text

pytestmark = pytest.mark.django_db
LIST = "admin:notifications_outgoingemail_changelist"
CHANGE = "admin:notifications_outgoingemail_change"


def act(client: Client, action: str, *rows: OutgoingEmail) -> str:
    chosen = [row.pk for row in rows]
    response = client.post(reverse(LIST), {"action": action, "_selected_action": chosen}, follow=True)
    return str(response.content.decode())


def test_the_list_finds_a_mail_by_order_and_by_address(admin_client: Client, queued: Queue) -> None:
    queued()
    for words in ("IL-10482", "ada@example.com"):
        page = admin_client.get(reverse(LIST), {"q": words}).content.decode()
        assert "Order confirmed" in page
    assert "ada@example.com" not in admin_client.get(reverse(LIST), {"q": "nobody"}).content.decode()


def test_the_list_is_narrowed_by_the_name_of_a_mail(admin_client: Client, queued: Queue) -> None:
    queued(), queued("shipped")
    page = admin_client.get(reverse(LIST)).content.decode()
    assert [name for name in ("Order confirmed", "Parcel shipped", "Back in stock") if f">{name}</a>" in page] == [
        "Order confirmed",
        "Parcel shipped",
    ]
    assert "1 mail\n" in admin_client.get(reverse(LIST), {"kind": "shipped"}).content.decode()


def test_a_mails_page_offers_what_can_be_done_with_it(admin_client: Client, queued: Queue) -> None:
    row = queued()
    page = admin_client.get(reverse(CHANGE, args=[row.pk])).content.decode()
    assert 'value="try_now"' in page
    jobs.work_due("mail")
    page = admin_client.get(reverse(CHANGE, args=[row.pk])).content.decode()
    assert 'value="try_now"' not in page
    assert 'value="send_again"' in page


def test_who_presses_a_button_on_a_mails_page_stays_there(admin_client: Client, queued: Queue) -> None:
    row = queued()
    data = {"action": "send_again", "_selected_action": row.pk, "page": row.pk}
    answer = admin_client.post(reverse(LIST), data, follow=True)
    assert answer.redirect_chain == [(reverse(CHANGE, args=[row.pk]), 302)]
    assert "Queued once more: 1." in answer.content.decode()
    for nowhere in ("", "x", "999999"):
        assert admin_client.post(reverse(LIST), data | {"page": nowhere})["Location"] == reverse(LIST)


def test_a_preview_with_an_order_takes_nothing_of_it_into_other_mails(admin_client: Client, queued: Queue) -> None:
    row = queued()
    shown = {
        kind: admin_client.get(reverse("admin:brand_preview", args=[kind]), {"order": row.reference}).content.decode()
        for kind in ("verify_email", "payment_failed")
    }
    assert row.context["url"] not in shown["verify_email"]
    assert row.context["totals"]["total"] in shown["payment_failed"]


def test_history_offers_nothing_to_edit_add_or_delete(admin_client: Client, queued: Queue) -> None:
    page = admin_client.get(reverse(CHANGE, args=[queued().pk])).content.decode()
    assert 'name="_save"' not in page
    assert "deletelink" not in page
    assert admin_client.get(reverse("admin:notifications_outgoingemail_add")).status_code == 403


@pytest.mark.parametrize(("shape", "words"), [("html", "<h1"), ("text", "Total: $68.29")])
def test_the_preview_is_the_mail_itself_alone_in_a_sandbox(
    admin_client: Client, queued: Queue, shape: str, words: str
) -> None:
    page = admin_client.get(reverse("admin:mail_preview", args=[queued().pk, shape]))
    assert words in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    if shape == "html":
        assert page["Content-Security-Policy"].startswith("sandbox ")
        assert "script-src" not in page["Content-Security-Policy"]


def test_the_preview_of_a_sent_mail_is_what_was_sent(admin_client: Client, queued: Queue) -> None:
    row = queued()
    jobs.work_due("mail")
    Brand.objects.create(tagline="Changed since")
    page = admin_client.get(reverse("admin:mail_preview", args=[row.pk, "html"])).content.decode()
    assert "Changed since" not in page


def test_a_link_that_opens_an_account_is_not_shown_to_staff(admin_client: Client, queued: Queue) -> None:
    row = queued("password_reset")
    for shape in ("html", "text"):
        page = admin_client.get(reverse("admin:mail_preview", args=[row.pk, shape])).content.decode()
        assert row.context["url"] not in page
    assert row.context["url"] not in admin_client.get(reverse(CHANGE, args=[row.pk])).content.decode()


def test_previews_are_for_staff_only(client: Client, queued: Queue) -> None:
    assert client.get(reverse("admin:mail_preview", args=[queued().pk, "html"])).status_code == 302
    assert client.get(reverse("admin:brand_preview", args=["shipped"])).status_code == 302


def test_send_again_is_a_new_mail_and_refuses_secrets(admin_client: Client, queued: Queue) -> None:
    row, secret = queued(), queued("verify_email")
    jobs.work_due("mail")
    page = act(admin_client, "send_again", row, secret)
    assert "Queued once more: 1." in page
    assert "not sent twice" in page
    jobs.work_due("mail")
    assert len(sent_mail.outbox) == 3


def test_the_list_says_in_short_why_a_mail_failed_and_what_became_of_one_that_left(
    admin_client: Client, queued: Queue
) -> None:
    stuck, sent = queued(), queued(dedupe_key="sent")
    error = f"SendGrid answered 413. SendGrid says: “{'Too large. ' * 20}The end.”"
    OutgoingEmail.objects.filter(pk=stuck.pk).update(state="attention", last_error=error)
    OutgoingEmail.objects.filter(pk=sent.pk).update(state="sent", fate="bounced")
    page = text(admin_client.get(reverse(LIST)))
    assert "SendGrid answered 413. SendGrid says: “Too large." in page
    assert "The end." not in page
    assert "sent, bounced" in page


def test_try_now_frees_what_needs_attention_and_leaves_what_was_sent(admin_client: Client, queued: Queue) -> None:
    stuck, sent = queued(), queued(dedupe_key="sent")
    OutgoingEmail.objects.filter(pk=stuck.pk).update(state="attention", attempts=12)
    OutgoingEmail.objects.filter(pk=sent.pk).update(state="sent")
    assert "Put back into the queue: 1. Skipped (already sent, suppressed or being worked on): 1." in act(
        admin_client, "try_now", stuck, sent
    )
    stuck.refresh_from_db()
    assert (stuck.state, stuck.attempts) == ("new", 0)


def test_the_brand_is_one_row_opened_at_once_with_a_preview_of_every_mail(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:notifications_brand_changelist"), follow=True).content.decode()
    assert Brand.objects.count() == 1
    assert reverse("admin:brand_mails") in page
    page = admin_client.get(reverse("admin:brand_mails")).content.decode()
    for kind in KINDS.values():
        link = reverse("admin:brand_preview", args=[kind.name])
        assert link in page
        assert admin_client.get(link).status_code == 200
    assert admin_client.get(reverse("admin:brand_preview", args=["nothing"])).status_code == 404
    assert admin_client.get(reverse("admin:brand_preview", args=["shipped"]), {"language": "xx"}).status_code == 404


def test_a_preview_shows_what_a_real_order_has(admin_client: Client, queued: Queue) -> None:
    queued(context=sample("order_confirmed") | {"name": "Grace Real", "number": "IL-777"}, reference="IL-777")
    queued("order_code", context=sample("order_code") | {"code": "999 999"}, reference="IL-777")
    link = reverse("admin:brand_preview", args=["late_parcel"])
    page = admin_client.get(link, {"order": "IL-777", "language": "fr"}).content.decode()
    assert "IL-777" in page
    assert "Commande" in page
    listing = admin_client.get(reverse("admin:brand_mails"), {"order": "IL-1"}).content.decode()
    assert "No mail was sent about order IL-1 yet" in listing


@pytest.mark.parametrize(
    ("hours", "after"),
    [("Monday to Friday, 9 to 17 Central Time", Brand().hours), ("Every day, 9 to 17", "Every day, 9 to 17")],
)
def test_only_untouched_hours_are_written_the_new_way(hours: str, after: str) -> None:
    brand = Brand.objects.create(hours=hours)
    import_module("notifications.migrations.0010_brand_hours").update_untouched_hours(apps, None)
    brand.refresh_from_db()
    assert brand.hours == after
