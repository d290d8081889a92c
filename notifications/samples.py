"""One example of every mail: what staff preview before they change the brand, and what the tests render."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from notifications import mail_contexts, order_samples
from notifications.mail_types import KINDS
from notifications.order_samples import NAME, NUMBER, lines, page, picture, totals

__all__ = ["NUMBER", "sample"]

ADDRESS = "ada@example.com"
NOW = "2026-11-03T21:42:00+00:00"


def _staff_alert() -> mail_contexts.StaffAlert:
    return {
        "message": "Printify has not answered for 20 minutes",
        "next_step": "Nothing is lost: orders wait. Look at Printify's status page.",
        "key": "health:printify",
        "count": 4,
        "first_at": NOW,
        "url": page("/admin/integrations/alert/1/change/"),
    }


def _verify_email() -> mail_contexts.VerifyEmail:
    return {"email": ADDRESS, "url": page("/accounts/confirm-email/sample/"), "signup": True}


def _welcome() -> mail_contexts.Welcome:
    return {"email": ADDRESS, "url": page("/accounts/"), "orders": 2}


def _link() -> mail_contexts.AccountLink:
    return {"email": ADDRESS, "url": page("/accounts/login/"), "other_url": page("/accounts/password/reset/")}


def _notice() -> mail_contexts.AccountNotice:
    return {
        "email": ADDRESS,
        "detail": "new@example.com",
        "at": NOW,
        "ip": "203.0.113.7",
        "agent": "Firefox · Linux",
        "url": page("/accounts/"),
    }


def _abandoned_cart() -> mail_contexts.AbandonedCart:
    return {"name": NAME, "lines": lines(), "totals": totals(), "url": page("/cart/")}


def _confirm_stock() -> mail_contexts.ConfirmStock:
    title, label = "Scenic Route Unisex Tee", "Heather Grey / L"
    return {"email": ADDRESS, "url": page("/back-in-stock/yes/sample/"), "title": title, "label": label}


def _back_in_stock() -> mail_contexts.BackInStock:
    return {
        "title": "Scenic Route Unisex Tee",
        "label": "Heather Grey / L",
        "amount": "$22.99",
        "image": picture(),
        "url": page("/products/scenic-route-unisex-tee/"),
    }


def _campaign() -> mail_contexts.CampaignMail:
    return {
        "subject": "Six new designs for the long evenings",
        "preheader": "Kind words, warm colors.",
        "heading": "Six new designs for the long evenings",
        "body": "Autumn got us drawing. Six new designs are in the shop, on tees, mugs and prints.\n\nThank you for "
        "wearing what we make.",
        "button": "See the new designs",
        "url": page("/products/?sort=newest"),
    }


_BUILDERS: Mapping[type, Callable[[], object]] = {
    **order_samples.BUILDERS,
    mail_contexts.StaffAlert: _staff_alert,
    mail_contexts.VerifyEmail: _verify_email,
    mail_contexts.Welcome: _welcome,
    mail_contexts.AccountLink: _link,
    mail_contexts.AccountNotice: _notice,
    mail_contexts.AbandonedCart: _abandoned_cart,
    mail_contexts.ConfirmStock: _confirm_stock,
    mail_contexts.BackInStock: _back_in_stock,
    mail_contexts.CampaignMail: _campaign,
}


def sample(kind: str) -> dict[str, Any]:
    """A context of that kind, its own copy."""
    built: Any = _BUILDERS[KINDS[kind].context]()
    return copy.deepcopy(dict(built))
