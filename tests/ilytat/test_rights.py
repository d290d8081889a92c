"""Who may do what in the control panel: each page, button and action of it, role by role, in tables.

A page that is new must be entered here before it is let in.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone

from catalog.models import SyncRun
from catalog.models.curation import FieldChange
from ilytat.accounts.models import Erasure, User
from ilytat.accounts.roles import ROLES
from ilytat.admin import ATTENTION_SOURCES
from notifications.models import Campaign, CampaignText, OutgoingEmail
from orders.models import Claim, ClaimPhoto, Fulfilment
from payments.models import Dispute, Payment, Refund
from tests import factories

pytestmark = pytest.mark.django_db

EVERY = frozenset(ROLES)
SUPPORT = frozenset({"support", "fulfilment", "finance", "owner"})
PRINTING = frozenset({"fulfilment", "finance", "owner"})
CATALOGUE = frozenset({"fulfilment", "owner"})
MONEY = frozenset({"finance", "owner"})
MAILS = frozenset({"support", "owner"})
OWNER = frozenset({"owner"})
NOBODY: frozenset[str] = frozenset()

# name: its arguments (names of `things`, or themselves), what is posted (None: it is only looked at), and who may.
Page = tuple[tuple[str, ...], dict[str, str] | None, frozenset[str]]
PAGES: dict[str, list[Page]] = {
    "accounts_erasure_retry": [(("erasure",), {}, OWNER)],
    "attention_act": [
        (("erasures", "none", "again"), {}, OWNER),
        (("stripe-customers", "none", "again"), {}, MONEY),
        (("events", "none", "again"), {}, PRINTING),
        (("events", "none", "ignore"), {}, PRINTING),
        (("incidents", "none", "close"), {}, MONEY),
    ],
    "campaign_preview": [(("campaign", "en"), None, EVERY)],
    "mail_preview": [(("mail", "text"), None, EVERY)],
    "brand_mails": [((), None, EVERY)],
    "brand_preview": [(("shipped",), None, EVERY), (("shipped",), {}, EVERY)],
    "catalog_panel": [((), None, EVERY)],
    "catalog_panel_live": [((), None, EVERY)],
    "catalog_limit": [((), {}, CATALOGUE)],
    "catalog_surcharge": [((), {}, CATALOGUE)],
    "catalog_policies": [((), {}, CATALOGUE)],
    "catalog_act": [(("sync",), None, CATALOGUE), (("sync",), {}, CATALOGUE), (("pause",), {}, CATALOGUE)],
    "catalog_act_on": [(("cancel", "run"), {}, CATALOGUE), (("retry", "run"), None, CATALOGUE)],
    "catalog_run_live": [(("run",), None, EVERY)],
    "catalog_sync_one": [(("nothing",), {}, CATALOGUE)],
    "catalog_decide": [(("change", verb), {}, CATALOGUE) for verb in ("approve", "decline", "revert")],
    "catalog_override": [(("product", verb, "title"), {}, CATALOGUE) for verb in ("drop", "keep")],
    "orders_claim_answer": [
        (("claim",), {"decision": "decline", "answer": "No."}, SUPPORT),
        (("claim",), {"decision": "refund"}, MONEY),
        (("claim",), {"decision": "reprint"}, MONEY),
    ],
    "integrations_inboundevent_replay": [(("event",), {}, PRINTING)],
    "orders_claim_photo": [(("photo",), None, EVERY)],
    "orders_arrivals": [((), None, EVERY)],
    "orders_order_do": [
        (("order", "retry"), {}, PRINTING),
        (("order", "hold"), {}, SUPPORT),
        (("order", "cancel"), {}, MONEY),
        (("order", "elsewhere"), {}, NOBODY),
    ],
    "orders_order_release": [(("order", "staff hold"), {}, MONEY)],
    "orders_order_note": [(("order",), {"words": "Called."}, SUPPORT)],
    "orders_order_mail": [(("order", "mail"), {}, SUPPORT)],
    "setup_check": [((), None, EVERY), ((), {}, OWNER)],
    "payments_dispute_stage": [(("dispute",), {}, MONEY)],
    "payments_money": [(("order",), None, EVERY)],
    "payments_money_give": [(("order",), {}, MONEY)],
    "payments_money_cancel": [(("order",), {}, MONEY)],
    "payments_money_credit": [(("order",), {}, MONEY)],
    "payments_money_hold": [(("order",), {}, MONEY)],
    "payments_money_settle": [(("order", "refund", "again"), {}, MONEY)],
}
# Beyond looking: who adds (a), changes (c), deletes (d). What stands in no line is only looked at.
EDITS = {
    "accounts.user": {"owner": "acd"},
    "catalog.category": {"fulfilment": "acd", "owner": "acd"},
    "catalog.missedsearch": {"fulfilment": "d", "owner": "d"},
    "catalog.product": {"fulfilment": "c", "owner": "c"},
    "catalog.sizetable": {"fulfilment": "acd", "owner": "acd"},
    "notifications.brand": {"owner": "c"},
    "notifications.campaign": {"owner": "ac"},
    "notifications.outgoingemail": {"support": "c", "owner": "c"},
    "notifications.suppression": {"support": "cd", "owner": "acd"},
    "orders.fulfilment": {"fulfilment": "c", "finance": "c", "owner": "c"},
    "pages.pagetext": {"owner": "a"},
    "payments.coupon": {"finance": "ac", "owner": "ac"},
}
UNSEEN = {"account.emailaddress", "usersessions.usersession"}  # by any role: for superusers
UNSEEN_BUT_BY_OWNERS = {"accounts.user", "accounts.erasure", "auth.group"}
ACTIONS = {
    "accounts.user": {"delete_selected": OWNER, "reset_second_factor": OWNER},
    "catalog.category": {"delete_selected": CATALOGUE},
    "catalog.fieldchange": dict.fromkeys(("approve", "decline", "revert"), CATALOGUE),
    "catalog.missedsearch": {"delete_selected": CATALOGUE},
    "catalog.product": dict.fromkeys(("sync_chosen", "dry_run", "hide", "show", "feature", "unfeature"), CATALOGUE),
    "catalog.sizetable": {"delete_selected": CATALOGUE},
    "integrations.alert": {"close": MONEY},
    "integrations.inboundevent": {"replay": PRINTING},
    "notifications.campaign": dict.fromkeys(("start", "pause", "stop", "send_test"), OWNER),
    "notifications.outgoingemail": dict.fromkeys(("try_now", "send_again"), MAILS),
    "notifications.suppression": {"delete_selected": MAILS},
    "orders.fulfilment": {"retry": PRINTING, "hold": PRINTING, "release": MONEY},
}
# The buttons of the review queue: source, action, and who may press it. Money is lost by none but those of MONEY.
BUTTONS = {
    ("changes", "approve"): CATALOGUE,
    ("changes", "decline"): CATALOGUE,
    ("claims", "refund"): MONEY,
    ("claims", "reprint"): MONEY,
    ("disputes", "refund"): MONEY,
    ("disputes", "stage"): MONEY,
    ("erasures", "again"): OWNER,
    ("events", "again"): PRINTING,
    ("events", "ignore"): PRINTING,
    ("incidents", "close"): MONEY,
    ("mails", "again"): MAILS,
    ("mails", "drop"): MAILS,
    ("holds", "cancel"): MONEY,
    ("holds", "release"): MONEY,
    ("orders", "accept"): MONEY,
    ("orders", "give_back"): MONEY,
    ("printing", "anew"): PRINTING,
    ("printing", "cancel"): MONEY,
    ("printing", "refund"): MONEY,
    ("printing", "reprint"): MONEY,
    ("printing", "retry"): PRINTING,
    ("printing", "settled"): PRINTING,
    ("refunds", "again"): MONEY,
    ("refunds", "let-go"): MONEY,
    ("stripe-customers", "again"): MONEY,
}
STANDARD = re.compile(r".*_(changelist|add|change|delete|history)|auth_user_password_change")
DJANGOS = {"index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n"}
DJANGOS |= {"view_on_site", "app_list"}
ASK_FIRST = {"catalog_act_on"}


@pytest.fixture
def things() -> dict[str, Any]:
    """One of everything that stands in an address, by the name it has in `PAGES`."""
    variant = factories.variant()
    order, product = factories.paid_order(variant), variant.product
    job = Fulfilment.objects.create(order=order, external_id=order.number, request={}, release_at=timezone.now())
    claim = Claim.objects.create(order=order, key="k", kind="damaged")
    payment = Payment.objects.create(order=order, payment_intent_id="pi_1", captured=order.total, currency="USD")
    rows = {
        "order": order,
        "staff hold": job.holds.create(reason="staff", placed_by="eva"),
        "claim": claim,
        "photo": ClaimPhoto.objects.create(claim=claim, image=b"RIFF", width=1, height=1),
        "campaign": CampaignText.objects.create(
            campaign=Campaign.objects.create(name="Autumn"), language="en"
        ).campaign,
        "mail": OutgoingEmail.objects.create(kind="shipped", dedupe_key="s:1", to=order.email, reference=order.number),
        "run": SyncRun.objects.create(state="success", ended_at=timezone.now()),
        "product": product,
        "change": FieldChange.objects.create(product=product, field="title", before="a", after="b"),
        "dispute": Dispute.objects.create(payment=payment, stripe_dispute_id="du_1", status="won", amount=1),
        "refund": Refund.objects.create(payment=payment, amount=1, asked_by="eva"),
        "event": factories.inbound_event(),
        "erasure": Erasure.objects.create(fingerprint="f", email="ana@example.com"),
    }
    return {name: row.pk for name, row in rows.items()} | {"none": 0}


@pytest.fixture
def roles() -> dict[str, User]:
    made = {}
    for role in ROLES:
        made[role] = User.objects.create_user(f"{role}@ilytat.test", "x", is_staff=True)
        made[role].groups.add(Group.objects.get(name=role))
    return made


@pytest.fixture
def review_queue(things: dict[str, Any]) -> dict[str, int]:
    """One row of each kind whose buttons can cost money, by what it is."""
    now = timezone.now()

    def fulfillment(**columns: Any) -> Fulfilment:
        order = factories.paid_order()
        return Fulfilment.objects.create(order=order, external_id=order.number, request={}, release_at=now, **columns)

    held = fulfillment()
    in_trouble = fulfillment(state="attention", sent_at=now, printify_order_id="p1")
    differs = factories.order(factories.variant(), state="attention")
    Refund.objects.filter(pk=things["refund"]).update(state="attention")
    return {
        "held": held.pk,
        "hold": held.holds.create(reason="cost", placed_by="fulfilment").pk,
        "in trouble": in_trouble.pk,
        "money differs": differs.pk,
        "claim": things["claim"],
        "refund": things["refund"],
    }


def models() -> Iterator[tuple[str, "admin.ModelAdmin[Any]"]]:
    yield from ((model._meta.label_lower, own) for model, own in admin.site._registry.items())


def asked_by(user: User) -> HttpRequest:
    request = RequestFactory().get("/admin/")
    request.user = user
    return request


def own_pages(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from own_pages(pattern.url_patterns)
        elif pattern.name and not STANDARD.fullmatch(pattern.name) and pattern.name not in DJANGOS:
            yield pattern.name


def test_each_page_beside_djangos_own_stands_in_the_table() -> None:
    assert set(own_pages(admin.site.urls[0])) == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_to_whom_it_should_and_to_nobody_else(
    client: Client, things: dict[str, Any], roles: dict[str, User], name: str
) -> None:
    for args, posted, who in PAGES[name]:
        path = reverse(f"admin:{name}", args=[things.get(arg, arg) for arg in args])
        told: dict[str, int] = {}
        for role, user in roles.items():
            client.force_login(user)
            answer = client.get(path) if posted is None else client.post(path, posted)
            told[role] = answer.status_code
        assert {role for role, status in told.items() if status != 403} == who, (args, told)
        assert {status for role, status in told.items() if role in who} <= {200, 302}, (args, told)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_opens_to_buyers_or_staff_without_a_role(client: Client, things: dict[str, Any], name: str) -> None:
    buyer = User.objects.create_user("ana@example.com", "x")
    new = User.objects.create_user("new@ilytat.test", "x", is_staff=True)
    for args, posted, _who in PAGES[name]:
        path = reverse(f"admin:{name}", args=[things.get(arg, arg) for arg in args])
        for user, wanted in ((None, 302), (buyer, 302), (new, 403)):
            client.logout()
            if user:
                client.force_login(user)
            answer = client.get(path) if posted is None else client.post(path, posted)
            assert answer.status_code == wanted, (args, user)
            assert wanted == 403 or "/admin/login/" in answer["Location"]


@pytest.mark.parametrize("name", [name for name, pages in PAGES.items() if all(page[1] is not None for page in pages)])
def test_no_button_is_pressed_by_a_link(admin_client: Client, things: dict[str, Any], name: str) -> None:
    """A GET asks or is refused; it never acts (H13)."""
    for args, _posted, _who in PAGES[name]:
        path = reverse(f"admin:{name}", args=[things.get(arg, arg) for arg in args])
        assert admin_client.get(path).status_code in ({200} if name in ASK_FIRST else {405}), args


def test_each_table_is_seen_and_edited_by_whom_it_should(roles: dict[str, User]) -> None:
    edits: dict[str, dict[str, str]] = {}
    for name, own in models():
        for role, user in roles.items():
            request = asked_by(user)
            hidden = name in UNSEEN or (name in UNSEEN_BUT_BY_OWNERS and role != "owner")
            assert own.has_view_permission(request) == (not hidden), (name, role)
            asks = {"a": own.has_add_permission, "c": own.has_change_permission, "d": own.has_delete_permission}
            if may := "".join(letter for letter, ask in asks.items() if ask(request)):
                edits.setdefault(name, {})[role] = may
    assert edits == EDITS


def test_each_action_is_offered_to_whom_it_should(roles: dict[str, User]) -> None:
    offered: dict[str, dict[str, set[str]]] = {}
    for name, own in models():
        for role, user in roles.items():
            for action in own.get_actions(asked_by(user)):
                offered.setdefault(name, {}).setdefault(action, set()).add(role)
    assert offered == ACTIONS


def test_each_button_of_the_review_queue_stands_in_the_table() -> None:
    registered = {(source.name, action) for source in ATTENTION_SOURCES.values() for action in source.actions}
    assert registered == set(BUTTONS)


@pytest.mark.parametrize(("source", "action"), BUTTONS)
def test_a_button_of_the_review_queue_is_accepted_from_permitted_roles_only(
    client: Client, roles: dict[str, User], source: str, action: str
) -> None:
    path = reverse("admin:attention_act", args=[source, 0, action])
    answers = {}
    for role, user in roles.items():
        client.force_login(user)
        answers[role] = client.post(path).status_code
    assert {role for role, status in answers.items() if status != 403} == BUTTONS[source, action], answers


def test_a_button_is_shown_to_permitted_roles_only(
    client: Client, roles: dict[str, User], review_queue: dict[str, int]
) -> None:
    shown: dict[tuple[str, str], set[str]] = {}
    for role, user in roles.items():
        client.force_login(user)
        page = client.get("/admin/").content.decode()
        for source, action in BUTTONS:
            if any(f"/admin/attention/{source}/{pk}/{action}/" in page for pk in review_queue.values()):
                shown.setdefault((source, action), set()).add(role)
    assert {"accept", "release", "reprint", "cancel", "refund"} <= {action for _source, action in shown}
    assert shown == {button: BUTTONS[button] for button in shown}


def test_a_decision_about_a_claim_is_offered_to_permitted_roles_only(
    client: Client, things: dict[str, Any], roles: dict[str, User]
) -> None:
    offered: dict[str, set[str]] = {}
    for role, user in roles.items():
        client.force_login(user)
        page = client.get(reverse("admin:orders_claim_change", args=[things["claim"]])).content.decode()
        for decision in re.findall(r'name="decision" value="(\w+)"', page):
            offered.setdefault(decision, set()).add(role)
    assert offered == {"decline": SUPPORT, "reprint": MONEY, "refund": MONEY}


def test_the_release_of_an_order_is_offered_to_permitted_roles_only(
    client: Client, roles: dict[str, User], review_queue: dict[str, int]
) -> None:
    order = Fulfilment.objects.get(pk=review_queue["held"]).order
    offered = set()
    for role, user in roles.items():
        client.force_login(user)
        page = client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
        if 'form="do-release-' in page:
            offered.add(role)
    assert offered == MONEY


def test_a_table_that_is_hidden_opens_to_no_role(client: Client, roles: dict[str, User]) -> None:
    for user in roles.values():
        client.force_login(user)
        for name in UNSEEN:
            path = reverse(f"admin:{name.replace('.', '_')}_changelist")
            assert client.get(path).status_code == 403
