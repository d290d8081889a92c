"""One example of every mail: what staff preview before they change the brand, and what the tests render."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from notifications.kinds import (
    KINDS,
    AccountLink,
    AccountNotice,
    Delivered,
    Line,
    OrderCanceled,
    OrderConfirmed,
    Parcel,
    PaymentFailed,
    RefundSent,
    Shipped,
    StaffAlert,
    Totals,
    VerifyEmail,
)

NUMBER = "IL-10482"
NAME = "Ada Sample"
ADDRESS = "ada@example.com"
NOW = "2026-11-03T21:42:00+00:00"


def _page(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def _order_page() -> str:
    return _page("/orders/sample/")


def _lines() -> list[Line]:
    tee: Line = {
        "title": "Scenic Route Unisex Tee",
        "label": "Heather Grey / L",
        "quantity": 2,
        "amount": "$45.98",
        "image": "",
    }
    return [tee, _mug()]


def _mug() -> Line:
    return {
        "title": "Stay Golden Mug",
        "label": "11 oz",
        "quantity": 1,
        "amount": "$14.50",
        "image": "",
    }


def _parcel() -> Parcel:
    number = "9400111899223197428490"
    return {"carrier": "USPS", "number": number, "url": f"https://tools.usps.com/go/{number}"}


def _totals() -> Totals:
    return {"subtotal": "$60.48", "discount": "$6.05", "shipping": "$8.29", "tax": "$5.57", "total": "$68.29"}


def _order_confirmed() -> OrderConfirmed:
    return {
        "number": NUMBER,
        "url": _order_page(),
        "name": NAME,
        "lines": _lines(),
        "totals": _totals(),
        "ship_to": [NAME, "1 Sample Street", "Chicago, IL 60601", "United States"],
        "arrives_from": "2026-11-10",
        "arrives_until": "2026-11-16",
        "cancel_until": "2026-11-03T22:12:00+00:00",
    }


def _shipped() -> Shipped:
    return {
        "number": NUMBER,
        "url": _order_page(),
        "name": NAME,
        "parcel": _parcel(),
        "lines": _lines()[:1],
        "still_to_come": [_mug()],
        "arrives_from": "2026-11-10",
        "arrives_until": "2026-11-16",
    }


def _delivered() -> Delivered:
    return {
        "number": NUMBER,
        "url": _order_page(),
        "name": NAME,
        "parcel": _parcel(),
        "lines": _lines(),
        "still_to_come": [],
    }


def _order_canceled() -> OrderCanceled:
    return {
        "number": NUMBER,
        "url": _order_page(),
        "name": NAME,
        "lines": _lines(),
        "by": "buyer",
        "reason": "",
        "refund": "$68.29",
    }


def _refund_sent() -> RefundSent:
    return {
        "number": NUMBER,
        "url": _order_page(),
        "name": NAME,
        "amount": "$14.50",
        "partial": True,
        "reason": "The mug arrived broken.",
    }


def _payment_failed() -> PaymentFailed:
    return {
        "number": NUMBER,
        "url": _order_page(),
        "name": NAME,
        "lines": _lines(),
        "total": "$68.29",
        "retry_url": _order_page(),
        "pay_until": "2026-11-03T22:42:00+00:00",
    }


def _staff_alert() -> StaffAlert:
    return {
        "message": "Printify has not answered for 20 minutes",
        "next_step": "Nothing is lost: orders wait. Look at Printify's status page.",
        "key": "health:printify",
        "count": 4,
        "first_at": NOW,
        "url": _page("/admin/integrations/alert/1/change/"),
    }


def _verify_email() -> VerifyEmail:
    return {"email": ADDRESS, "url": _page("/accounts/confirm-email/sample/"), "signup": True}


def _link() -> AccountLink:
    return {
        "email": ADDRESS,
        "url": _page("/accounts/login/"),
        "other_url": _page("/accounts/password/reset/"),
    }


def _notice() -> AccountNotice:
    agent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"
    return {
        "email": ADDRESS,
        "detail": "new@example.com",
        "at": NOW,
        "ip": "203.0.113.7",
        "agent": agent,
        "url": _page("/accounts/"),
    }


_BUILDERS: Mapping[type, Any] = {
    OrderConfirmed: _order_confirmed,
    Shipped: _shipped,
    Delivered: _delivered,
    OrderCanceled: _order_canceled,
    RefundSent: _refund_sent,
    PaymentFailed: _payment_failed,
    StaffAlert: _staff_alert,
    VerifyEmail: _verify_email,
    AccountLink: _link,
    AccountNotice: _notice,
}


def sample(kind: str) -> dict[str, Any]:
    """A context of that kind, its own copy. Pictures are left out: a preview fetches nothing."""
    return dict(_BUILDERS[KINDS[kind].context]())
