"""One example of every mail: what staff preview before they change the brand, and what the tests render."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.forms.utils import ErrorDict
from django.http import Http404, HttpResponse
from django.templatetags.static import static
from django.utils.html import escape

from ilytat.integrations import failure_texts
from notifications import contexts, rendering
from notifications.email_types import BUYER, KINDS
from notifications.models import Brand, OutgoingEmail

__all__ = ["NUMBER", "sample"]

ADDRESS = "ada@example.com"
NOW = "2026-11-03T21:42:00+00:00"


def _staff_alert() -> contexts.StaffAlert:
    return {
        "message": "Printify has not answered for 20 minutes",
        "next_step": "Nothing is lost: orders wait. Look at Printify's status page.",
        "key": "health:printify",
        "count": 4,
        "first_at": NOW,
        "url": page("/admin/integrations/alert/1/change/"),
    }


def _verify_email() -> contexts.VerifyEmail:
    return {"email": ADDRESS, "url": page("/accounts/confirm-email/sample/"), "signup": True}


def _welcome() -> contexts.Welcome:
    return {"email": ADDRESS, "url": page("/accounts/"), "orders": 2}


def _link() -> contexts.AccountLink:
    return {"email": ADDRESS, "url": page("/accounts/login/"), "other_url": page("/accounts/password/reset/")}


def _notice() -> contexts.AccountNotice:
    return {
        "email": ADDRESS,
        "detail": "new@example.com",
        "at": NOW,
        "ip": "203.0.113.7",
        "agent": "Firefox · Linux",
        "url": page("/accounts/"),
    }


def _abandoned_cart() -> contexts.AbandonedCart:
    return {"name": NAME, "lines": lines(), "totals": totals(), "url": page("/cart/")}


def _confirm_stock() -> contexts.ConfirmStock:
    title, label = "Scenic Route Unisex Tee", "Heather Grey / L"
    return {"email": ADDRESS, "url": page("/back-in-stock/yes/sample/"), "title": title, "label": label}


def _back_in_stock() -> contexts.BackInStock:
    return {
        "title": "Scenic Route Unisex Tee",
        "label": "Heather Grey / L",
        "amount": "$22.99",
        "image": picture(),
        "url": page("/products/scenic-route-unisex-tee/"),
    }


def _campaign() -> contexts.CampaignMail:
    return {
        "subject": "Six new designs for the long evenings",
        "preheader": "Kind words, warm colors.",
        "heading": "Six new designs for the long evenings",
        "body": "Autumn got us drawing. Six new designs are in the shop, on tees, mugs and prints.\n\nThank you for "
        "wearing what we make.",
        "button": "See the new designs",
        "url": page("/products/?sort=newest"),
    }


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


def lines() -> list[contexts.Line]:
    tee: contexts.Line = {
        "title": "Scenic Route Unisex Tee",
        "label": "Heather Grey / L",
        "quantity": 2,
        "amount": "$45.98",
        "image": picture(),
    }
    return [tee, _mug()]


def _mug() -> contexts.Line:
    return {"title": "Stay Golden Mug", "label": "11 oz", "quantity": 1, "amount": "$14.50", "image": ""}


def _order() -> contexts.OrderMail:
    return {"number": NUMBER, "url": page("/orders/sample/"), "name": NAME, "lines": lines()}


def _parcel() -> contexts.Parcel:
    number = "9400111899223197428490"
    return {"carrier": "USPS", "number": number, "url": f"https://tools.usps.com/go/{number}"}


def totals() -> contexts.Totals:
    return {"subtotal": "$60.48", "discount": "$6.05", "shipping": "$8.29", "tax": "$5.57", "total": "$68.29"}


def _ship_to() -> list[str]:
    return [NAME, "1 Sample Street", "Chicago, IL 60601", "United States"]


def _order_confirmed() -> contexts.OrderConfirmed:
    return {
        **_order(),
        "totals": totals(),
        "ship_to": _ship_to(),
        "arrives_from": "2026-11-10",
        "arrives_until": "2026-11-16",
        "cancel_until": "2026-11-03T22:12:00+00:00",
    }


def _payment_confirming() -> contexts.PaymentConfirming:
    return {**_order(), "totals": totals(), "ship_to": _ship_to(), "answer_by": "2026-11-09"}


def _payment_failed() -> contexts.PaymentFailed:
    retry, until = page("/orders/sample/"), "2026-11-03T22:42:00+00:00"
    return {**_order(), "total": "$68.29", "retry_url": retry, "pay_until": until}


def _order_canceled() -> contexts.OrderCanceled:
    return {**_order(), "by": "buyer", "reason": "", "refund": "$68.29", "nothing": "not charged"}


def _refund_sent() -> contexts.RefundSent:
    return {
        **_order(),
        "amount": "$14.50",
        "partial": True,
        "reason": "The mug arrived broken.",
    }


def _refund_failed() -> contexts.RefundFailed:
    return {
        "number": NUMBER,
        "url": page("/admin/payments/refund/1/change/"),
        "amount": "$14.50",
        "reason": "lost_or_stolen_card",
        "next_step": "Ask the buyer for another way, then refund by hand and note it on the order.",
    }


def _shipped() -> contexts.Shipped:
    arrives_from, arrives_until = "2026-11-10", "2026-11-16"
    return {
        **_order(),
        "lines": lines()[:1],
        "packed": True,
        "parcel": _parcel(),
        "parcel_number": 1,
        "parcel_count": 0,
        "still_to_come": [_mug()],
        "canceled": [],
        "arrives_from": arrives_from,
        "arrives_until": arrives_until,
    }


def _delivered() -> contexts.Delivered:
    return {
        **_order(),
        "packed": True,
        "parcel": _parcel(),
        "parcel_number": 1,
        "parcel_count": 1,
        "still_to_come": [],
        "canceled": [],
    }


def _late_parcel() -> contexts.LateParcel:
    return {**_order(), "parcel": _parcel(), "promised": "2026-11-16", "arrives_until": "2026-11-21"}


def _arrival_asked() -> contexts.ArrivalAsked:
    answer_url, answer_by = page("/orders/sample/arrived/"), "2026-12-07"
    return {**_order(), "parcel": _parcel(), "promised": "2026-11-16", "answer_url": answer_url, "answer_by": answer_by}


def _address_changed() -> contexts.AddressChanged:
    return {
        **_order(),
        "ship_to": _ship_to(),
        "arrives_from": "2026-11-10",
        "arrives_until": "2026-11-16",
        "cancel_until": "2026-11-03T22:12:00+00:00",
    }


def _order_changed() -> contexts.OrderChanged:
    return {
        **_order(),
        "title": "Scenic Route Unisex Tee",
        "before": "Heather Gray / M",
        "after": "Heather Gray / L",
        "cancel_until": "2026-11-03T22:12:00+00:00",
    }


def _claim_received() -> contexts.ClaimReceived:
    said = "The mug arrived broken.\nThe handle is off."
    values: contexts.ClaimReceived = {
        **_order(),
        "claim": "C-17",
        "wish": "reprint",
        "message": said,
        "answer_by": "2026-11-05",
    }
    return {**values, "lines": [_mug()]}


def _claim_answered() -> contexts.ClaimAnswered:
    answer = "We are sorry about the handle. A new mug is on its way to the printer."
    return {**_order(), "lines": [_mug()], "claim": "C-17", "decision": "reprint", "answer": answer, "amount": ""}


def _withdrawal_receipt() -> contexts.WithdrawalReceipt:
    return {
        **_order(),
        "received_at": "2026-11-03T21:42:00+00:00",
        "message": "I withdraw from the contract for the tee and the mug.",
        "refund": "$68.29",
        "send_back_by": "2026-11-17",
    }


def _order_code() -> contexts.OrderCode:
    return {"number": NUMBER, "url": page("/orders/sample/"), "code": "481 932", "minutes": 15}


BUILDERS: Mapping[type, Callable[[], object]] = {
    contexts.OrderConfirmed: _order_confirmed,
    contexts.PaymentConfirming: _payment_confirming,
    contexts.PaymentFailed: _payment_failed,
    contexts.OrderCanceled: _order_canceled,
    contexts.RefundSent: _refund_sent,
    contexts.RefundFailed: _refund_failed,
    contexts.Shipped: _shipped,
    contexts.Delivered: _delivered,
    contexts.LateParcel: _late_parcel,
    contexts.ArrivalAsked: _arrival_asked,
    contexts.AddressChanged: _address_changed,
    contexts.OrderChanged: _order_changed,
    contexts.ClaimReceived: _claim_received,
    contexts.ClaimAnswered: _claim_answered,
    contexts.WithdrawalReceipt: _withdrawal_receipt,
    contexts.OrderCode: _order_code,
}


_BUILDERS: Mapping[type, Callable[[], object]] = {
    **BUILDERS,
    contexts.StaffAlert: _staff_alert,
    contexts.VerifyEmail: _verify_email,
    contexts.Welcome: _welcome,
    contexts.AccountLink: _link,
    contexts.AccountNotice: _notice,
    contexts.AbandonedCart: _abandoned_cart,
    contexts.ConfirmStock: _confirm_stock,
    contexts.BackInStock: _back_in_stock,
    contexts.CampaignMail: _campaign,
}


def sample(kind: str) -> dict[str, Any]:
    """A context of that kind, its own copy."""
    built: Any = _BUILDERS[KINDS[kind].context]()
    return copy.deepcopy(dict(built))


POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    f"style-src 'unsafe-inline'; img-src 'self' {settings.SITE_URL} data:"
)


def of_mail(mail: OutgoingEmail, shape: str) -> HttpResponse:
    """What was sent, or what would be. Links that open an account are never shown, not even to staff."""
    if mail.kind in KINDS and KINDS[mail.kind].secret:
        return _plain("This mail carries a link that opens an account: it is not kept and not shown.")
    if not mail.text and not mail.context:
        return _plain("This mail's words were forgotten, as all are after 30 days.")
    stored = mail.state == "sent" and mail.text
    html, text = (mail.html, mail.text) if stored else _fresh(mail)
    return _sandboxed(html) if shape == "html" else _plain(text)


def _fresh(mail: OutgoingEmail) -> tuple[str, str]:
    try:
        rendered = rendering.render(mail.kind, mail.language, mail.context)
    except Exception as error:  # noqa: BLE001 (the reason it needs attention is what staff came to see)
        why = failure_texts.logged(error, "email not rendered", kind=mail.kind, row=mail.pk)
        words = f"The email cannot be written. {why}"
        return f"<p>{escape(words)}</p>", words
    return rendered.html, rendered.text


def of_kind(kind: str, language: str, order: str = "", *, brand: Brand | None = None) -> HttpResponse:
    """A sample in today's brand or in one that is not saved yet; with an order's number, what its mails really said."""
    if kind not in KINDS or language not in dict(settings.LANGUAGES):
        raise Http404
    return of_context(kind, language, sample(kind) | real(kind, order), brand=brand)


def of_context(kind: str, language: str, context: Mapping[str, Any], *, brand: Brand | None = None) -> HttpResponse:
    links = rendering.nowhere() if KINDS[kind].stream == "marketing" else rendering.NO_LINKS
    return _sandboxed(rendering.render(kind, language, context, links=links, brand=brand).html)


def of_errors(errors: ErrorDict) -> HttpResponse:
    """What has to be corrected before there is anything to see."""
    return _plain("\n".join(f"{field}: {' '.join(map(str, problems))}" for field, problems in errors.items()))


def real(kind: str, order: str) -> dict[str, Any]:
    """What this kind can take from the mails of that order: lines, sums, address, parcel; {} for none."""
    if not order or KINDS[kind].audience != "buyer":
        return {}
    mails = OutgoingEmail.objects.filter(reference=order, kind__in=[k.name for k in BUYER if not k.secret])
    values: dict[str, Any] = {}
    for mail in mails.order_by("created_at"):
        values |= mail.context
    # What has not happened to this order is shown as if all of it did.
    whole = dict.fromkeys(("total", "refund", "amount"), values["totals"]["total"]) if "totals" in values else {}
    parcel = {"packed": True, "still_to_come": [], "canceled": [], "parcel_number": 1, "parcel_count": 1}
    supposed = {**whole, **parcel, "partial": False} if values else {}
    return {name: value for name, value in (supposed | values).items() if name in KINDS[kind].keys}


def _sandboxed(html: str) -> HttpResponse:
    response = HttpResponse(html)
    response["Content-Security-Policy"] = POLICY
    return response


def _plain(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
