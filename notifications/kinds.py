"""The mails there are, and the typed context of each.

A context is JSON, complete and frozen when the mail is queued: templates ask the database for nothing but the brand.
Every key is present always; what does not apply is "" or []. Money is text already written for the reader
(`ilytat.display.money.written`), moments and days are ISO 8601, addresses are absolute.
"""

from dataclasses import dataclass
from typing import Literal, TypedDict


class Line(TypedDict):
    title: str
    label: str  # the chosen options: "Heather Grey / L"
    quantity: int
    amount: str  # for the whole line
    image: str  # absolute address of a small picture, "" when there is none


class Totals(TypedDict):
    subtotal: str
    discount: str  # without a sign; "" when there is none
    shipping: str
    tax: str  # "" when none was taken
    total: str


class Parcel(TypedDict):
    carrier: str
    number: str
    url: str  # the carrier's page; "" when unknown


class OrderConfirmed(TypedDict):
    number: str
    url: str  # the order's page
    name: str
    lines: list[Line]
    totals: Totals
    ship_to: list[str]  # the address, line by line
    arrives_from: str  # a day; "" when unknown
    arrives_until: str
    cancel_until: str  # a moment; "" when there is no grace period


class Shipped(TypedDict):
    number: str
    url: str
    name: str
    parcel: Parcel
    lines: list[Line]  # what is in this parcel (all of the order when Printify does not say)
    still_to_come: list[Line]
    arrives_from: str
    arrives_until: str


class Delivered(TypedDict):
    number: str
    url: str
    name: str
    parcel: Parcel
    lines: list[Line]
    still_to_come: list[Line]


class OrderCanceled(TypedDict):
    number: str
    url: str
    name: str
    lines: list[Line]
    by: Literal["buyer", "shop"]
    reason: str  # a sentence for the buyer; "" when it was their own wish
    refund: str  # what is going back; "" when nothing had been charged


class RefundSent(TypedDict):
    number: str
    url: str
    name: str
    amount: str
    partial: bool
    reason: str  # a sentence for the buyer, or ""


class PaymentFailed(TypedDict):
    number: str
    url: str
    name: str
    lines: list[Line]
    total: str
    retry_url: str  # where it can be paid after all; "" when it cannot
    pay_until: str  # a moment, or ""


class StaffAlert(TypedDict):
    message: str
    next_step: str
    key: str
    count: int
    first_at: str
    url: str  # the alert in the admin


class VerifyEmail(TypedDict):
    email: str
    url: str
    signup: bool  # the first address of a new account, not one added later


class AccountLink(TypedDict):
    """Mails with one link: reset, sign-in instead of a second sign-up, sign-up for an unknown address."""

    email: str
    url: str
    other_url: str  # a second way on, or ""


class AccountNotice(TypedDict):
    """Something changed in the account; the owner hears of it whoever did it."""

    email: str
    detail: str  # the other address of an e-mail change, or ""
    at: str
    ip: str
    agent: str
    url: str  # the account's security page


Audience = Literal["buyer", "account", "staff"]


@dataclass(frozen=True)
class Kind:
    """`name` is also the folder of its templates and SendGrid's category."""

    name: str
    context: type
    audience: Audience
    what: str  # as staff call it
    secret: bool = False  # carries a link that opens an account: forgotten once handed over, never shown to staff

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self.context.__annotations__)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("order_confirmed", OrderConfirmed, "buyer", "Order confirmed"),
        Kind("shipped", Shipped, "buyer", "Parcel shipped"),
        Kind("delivered", Delivered, "buyer", "Parcel delivered"),
        Kind("order_canceled", OrderCanceled, "buyer", "Order canceled"),
        Kind("refund_sent", RefundSent, "buyer", "Refund sent"),
        Kind("payment_failed", PaymentFailed, "buyer", "Payment failed"),
        Kind("staff_alert", StaffAlert, "staff", "Alert to staff"),
        Kind("verify_email", VerifyEmail, "account", "Confirm the e-mail address", secret=True),
        Kind("password_reset", AccountLink, "account", "Reset the password", secret=True),
        Kind("unknown_account", AccountLink, "account", "Reset asked for an unknown address"),
        Kind("account_exists", AccountLink, "account", "Sign-up with a known address"),
        Kind("password_changed", AccountNotice, "account", "Password changed"),
        Kind("password_set", AccountNotice, "account", "Password set"),
        Kind("email_changed", AccountNotice, "account", "E-mail address changed"),
        Kind("email_removed", AccountNotice, "account", "E-mail address removed"),
        Kind("mfa_enabled", AccountNotice, "account", "Two-step sign-in switched on"),
        Kind("mfa_disabled", AccountNotice, "account", "Two-step sign-in switched off"),
        Kind("recovery_codes_changed", AccountNotice, "account", "New recovery codes"),
    )
}
