"""The admin's tables in the order of a shop's day, each with a word on what it is for.

Tables that no section names stand in the last one under their own names, so that a new model is never lost.
"""

from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True)
class Table:
    """A model's list, or (with `page`) a page of its own that whoever may see the model may open."""

    model: str
    name: Words
    hint: Words
    page: str = ""


@dataclass(frozen=True)
class Section:
    key: str
    name: Words
    tables: tuple[Table, ...]


ORDERS = Section(
    "orders",
    _("Orders"),
    (
        Table(
            "orders.order", _("Orders"), _("What was bought: find one by number, name or address; hold or cancel it.")
        ),
        Table("orders.fulfilment", _("Printing"), _("One row for each order at Printify: try again, hold, release.")),
        Table(
            "orders.claim", _("Claims"), _("What buyers say is wrong with a parcel: print again, refund or decline.")
        ),
        Table("orders.stockwatch", _("Waited for"), _("What is sold out and wanted: who is told when it is back.")),
        Table(
            "orders.order",
            _("Arrival times"),
            _("How the days we promise compare with real parcels."),
            "orders_arrivals",
        ),
    ),
)
MONEY = Section(
    "money",
    _("Money"),
    (
        Table("payments.payment", _("Payments"), _("What Stripe took. “Money” leads to refunds and the margin.")),
        Table("payments.refund", _("Refunds"), _("What goes back, and whether the bank has it.")),
        Table("payments.printifycredit", "Printify credits", "What Printify credited us, as after a claim."),
        Table(
            "payments.dispute", _("Disputes"), _("Chargebacks: read the staged evidence, submit it at Stripe in time.")
        ),
        Table("payments.fraudwarning", _("Fraud warnings"), _("A bank's early word: refund before it is a dispute.")),
        Table("payments.coupon", _("Codes"), _("Discount codes that buyers type at the checkout.")),
        Table("payments.reconcilerun", _("Comparisons"), _("Stripe, orders and Printify side by side, every hour.")),
        Table("payments.checkoutsession", _("Payment pages"), _("Each visit to Stripe's page, paid or not.")),
        Table(
            "payments.stripecustomer",
            "Customers at Stripe",
            "Created for Stripe Tax, deleted there when a buyer's data are erased.",
        ),
    ),
)
CATALOGUE = Section(
    "catalogue",
    _("Catalogue"),
    (
        Table(
            "catalog.syncrun",
            _("Control panel"),
            _("Is it fresh? Read it again, pause, decide on changes."),
            "catalog_panel",
        ),
        Table(
            "catalog.product", _("Products"), _("Titles, texts and prices of our own; hide, pin, put in a category.")
        ),
        Table("catalog.category", _("Categories"), _("What the menu shows, and the rules that fill it.")),
        Table("catalog.sizetable", _("Size tables"), _("Measurements for the size guide.")),
        Table("catalog.missedsearch", _("Searches without result"), _("What people looked for and did not find.")),
        Table("catalog.fieldchange", _("Changes at Printify"), _("What was taken over, what waits, what was refused.")),
        Table("catalog.syncrun", _("Runs"), _("Each reading of the catalogue and what it changed.")),
        Table("catalog.printifycache", _("As Printify says it"), _("The raw products behind ours.")),
    ),
)
MAIL = Section(
    "mail",
    _("Mail"),
    (
        Table("notifications.outgoingemail", _("Mails"), _("What left, what waits, what came back; send one again.")),
        Table("notifications.brand", _("Brand"), _("Name, address, logo and the legal lines of pages and mails.")),
        Table("notifications.campaign", _("Campaigns"), _("News to those who agreed to it.")),
        Table("notifications.subscriber", _("Subscribers"), _("Who agreed, when and how.")),
        Table(
            "notifications.suppression",
            _("Not written to"),
            _("Addresses that bounce or complained. Delete to try again."),
        ),
    ),
)
HOUSE = Section(
    "house",
    _("The house"),
    (
        Table(
            "pages.pagetext", _("Texts of pages"), _("Shipping, returns, privacy: a new version replaces the old one.")
        ),
        Table("accounts.user", _("People"), _("Customers and staff. Staff also need a group.")),
        Table("accounts.erasure", "Erasures", "Who asked us to delete their data, and what holds it up."),
        Table("auth.group", _("Roles"), _("What each kind of staff may see and do.")),
        Table("account.emailaddress", _("Addresses"), _("The e-mail addresses of accounts, and which are confirmed.")),
        Table("usersessions.usersession", _("Signed in"), _("Which browsers are signed in; end one by deleting it.")),
    ),
)
BEHIND = Section(
    "behind",
    _("Behind the scenes"),
    (
        Table("integrations.alert", _("Alerts"), _("Incidents, open ones first. Staff were mailed once about each.")),
        Table(
            "integrations.inboundevent",
            _("Webhooks"),
            _("What Stripe, Printify and SendGrid told us; work on one again."),
        ),
        Table("integrations.healthresult", _("Checks"), _("The last word of each health check.")),
        Table("integrations.synclog", _("Log"), _("What was done at providers, and how it went; kept for 90 days.")),
        Table("integrations.apiusage", _("Calls to providers"), _("How many an hour, and how many failed.")),
    ),
)
SECTIONS = (ORDERS, MONEY, CATALOGUE, MAIL, HOUSE, BEHIND)


def hint(url_name: str) -> Words:
    """What to say above a model's list; nothing for other pages."""
    tables = [table for section in SECTIONS for table in section.tables if not table.page]
    hints = {f"{table.model.replace('.', '_')}_changelist": table.hint for table in tables}
    return hints.get(url_name, "")


def by_section(apps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Django's list of apps (what this person may see), sorted into sections. Keeps the shape its templates know."""
    seen = {each["model"]._meta.label_lower: each for app in apps for each in app["models"]}  # noqa: SLF001 (Django's documented name)
    named = {table.model for section in SECTIONS for table in section.tables}
    rest = tuple(Table(label, each["name"], "") for label, each in seen.items() if label not in named)
    sections = [*SECTIONS[:-1], replace(BEHIND, tables=BEHIND.tables + rest)]
    return [found for section in sections if (found := _section(section, seen))["models"]]


def _section(section: Section, seen: dict[str, dict[str, Any]]) -> dict[str, Any]:
    models = [_entry(table, seen[table.model]) for table in section.tables if table.model in seen]
    first = models[0]["admin_url"] if models else ""
    return {
        "name": section.name,
        "app_label": f"section-{section.key}",
        "app_url": first,
        "has_module_perms": True,
        "models": models,
    }


def _entry(table: Table, model: dict[str, Any]) -> dict[str, Any]:
    texts = {"name": table.name, "hint": table.hint}
    if table.page:
        return model | texts | {"admin_url": reverse(f"admin:{table.page}"), "add_url": None, "object_name": table.page}
    return model | texts
