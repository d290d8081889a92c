"""One example of every mail about an order."""

from collections.abc import Callable, Mapping

from django.conf import settings
from django.templatetags.static import static

from notifications import mail_contexts

NUMBER = "IL-10482"
NAME = "Ada Sample"


def page(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def picture() -> str:
    """A drawing of ours; "" where static files are not collected yet."""
    try:
        return page(static("img/mail-sample.png"))
    except ValueError:
        return ""


def lines() -> list[mail_contexts.Line]:
    tee: mail_contexts.Line = {
        "title": "Scenic Route Unisex Tee",
        "label": "Heather Grey / L",
        "quantity": 2,
        "amount": "$45.98",
        "image": picture(),
    }
    return [tee, _mug()]


def _mug() -> mail_contexts.Line:
    return {"title": "Stay Golden Mug", "label": "11 oz", "quantity": 1, "amount": "$14.50", "image": ""}


def _order() -> mail_contexts.OrderMail:
    return {"number": NUMBER, "url": page("/orders/sample/"), "name": NAME, "lines": lines()}


def _parcel() -> mail_contexts.Parcel:
    number = "9400111899223197428490"
    return {"carrier": "USPS", "number": number, "url": f"https://tools.usps.com/go/{number}"}


def totals() -> mail_contexts.Totals:
    return {"subtotal": "$60.48", "discount": "$6.05", "shipping": "$8.29", "tax": "$5.57", "total": "$68.29"}


def _ship_to() -> list[str]:
    return [NAME, "1 Sample Street", "Chicago, IL 60601", "United States"]


def _order_confirmed() -> mail_contexts.OrderConfirmed:
    return {
        **_order(),
        "totals": totals(),
        "ship_to": _ship_to(),
        "arrives_from": "2026-11-10",
        "arrives_until": "2026-11-16",
        "cancel_until": "2026-11-03T22:12:00+00:00",
    }


def _payment_confirming() -> mail_contexts.PaymentConfirming:
    return {**_order(), "totals": totals(), "ship_to": _ship_to(), "answer_by": "2026-11-09"}


def _payment_failed() -> mail_contexts.PaymentFailed:
    retry, until = page("/orders/sample/"), "2026-11-03T22:42:00+00:00"
    return {**_order(), "total": "$68.29", "retry_url": retry, "pay_until": until}


def _order_canceled() -> mail_contexts.OrderCanceled:
    return {**_order(), "by": "buyer", "reason": "", "refund": "$68.29", "nothing": "not charged"}


def _refund_sent() -> mail_contexts.RefundSent:
    return {
        **_order(),
        "amount": "$14.50",
        "partial": True,
        "reason": "The mug arrived broken.",
    }


def _refund_failed() -> mail_contexts.RefundFailed:
    return {
        "number": NUMBER,
        "url": page("/admin/payments/refund/1/change/"),
        "amount": "$14.50",
        "reason": "lost_or_stolen_card",
        "next_step": "Ask the buyer for another way, then refund by hand and note it on the order.",
    }


def _shipped() -> mail_contexts.Shipped:
    arrives_from, arrives_until = "2026-11-10", "2026-11-16"
    return {
        **_order(),
        "lines": lines()[:1],
        "parcel": _parcel(),
        "parcel_number": 1,
        "parcel_count": 0,
        "still_to_come": [_mug()],
        "arrives_from": arrives_from,
        "arrives_until": arrives_until,
    }


def _delivered() -> mail_contexts.Delivered:
    return {**_order(), "parcel": _parcel(), "parcel_number": 1, "parcel_count": 1, "still_to_come": []}


def _late_parcel() -> mail_contexts.LateParcel:
    return {**_order(), "parcel": _parcel(), "promised": "2026-11-16", "arrives_until": "2026-11-21"}


def _arrival_asked() -> mail_contexts.ArrivalAsked:
    answer_url, answer_by = page("/orders/sample/arrived/"), "2026-12-07"
    return {**_order(), "parcel": _parcel(), "promised": "2026-11-16", "answer_url": answer_url, "answer_by": answer_by}


def _address_changed() -> mail_contexts.AddressChanged:
    return {
        **_order(),
        "ship_to": _ship_to(),
        "arrives_from": "2026-11-10",
        "arrives_until": "2026-11-16",
        "cancel_until": "2026-11-03T22:12:00+00:00",
    }


def _order_changed() -> mail_contexts.OrderChanged:
    return {
        **_order(),
        "title": "Scenic Route Unisex Tee",
        "before": "Heather Gray / M",
        "after": "Heather Gray / L",
        "cancel_until": "2026-11-03T22:12:00+00:00",
    }


def _claim_received() -> mail_contexts.ClaimReceived:
    said = "The mug arrived broken.\nThe handle is off."
    values: mail_contexts.ClaimReceived = {
        **_order(),
        "claim": "C-17",
        "wish": "reprint",
        "message": said,
        "answer_by": "2026-11-05",
    }
    return {**values, "lines": [_mug()]}


def _claim_answered() -> mail_contexts.ClaimAnswered:
    answer = "We are sorry about the handle. A new mug is on its way to the printer."
    return {**_order(), "lines": [_mug()], "claim": "C-17", "decision": "reprint", "answer": answer, "amount": ""}


def _withdrawal_receipt() -> mail_contexts.WithdrawalReceipt:
    return {
        **_order(),
        "received_at": "2026-11-03T21:42:00+00:00",
        "message": "I withdraw from the contract for the tee and the mug.",
        "refund": "$68.29",
        "send_back_by": "2026-11-17",
    }


def _order_code() -> mail_contexts.OrderCode:
    return {"number": NUMBER, "url": page("/orders/sample/"), "code": "481 932", "minutes": 15}


BUILDERS: Mapping[type, Callable[[], object]] = {
    mail_contexts.OrderConfirmed: _order_confirmed,
    mail_contexts.PaymentConfirming: _payment_confirming,
    mail_contexts.PaymentFailed: _payment_failed,
    mail_contexts.OrderCanceled: _order_canceled,
    mail_contexts.RefundSent: _refund_sent,
    mail_contexts.RefundFailed: _refund_failed,
    mail_contexts.Shipped: _shipped,
    mail_contexts.Delivered: _delivered,
    mail_contexts.LateParcel: _late_parcel,
    mail_contexts.ArrivalAsked: _arrival_asked,
    mail_contexts.AddressChanged: _address_changed,
    mail_contexts.OrderChanged: _order_changed,
    mail_contexts.ClaimReceived: _claim_received,
    mail_contexts.ClaimAnswered: _claim_answered,
    mail_contexts.WithdrawalReceipt: _withdrawal_receipt,
    mail_contexts.OrderCode: _order_code,
}
