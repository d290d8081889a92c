"""The typed context of each mail; `notifications.email_types` lists the mails themselves.

A context is JSON, complete and frozen when the mail is queued: templates ask the database for nothing but the brand.
Every key is present always; what does not apply is "" or []. Money is text already written for the reader
(`ilytat.pages.money.format_money`), moments and days are ISO 8601, addresses are absolute.
"""

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


class OrderMail(TypedDict):
    """What every mail about an order knows."""

    number: str
    url: str  # the order's page
    name: str
    lines: list[Line]


class OrderConfirmed(OrderMail):
    totals: Totals
    ship_to: list[str]  # the address, line by line
    arrives_from: str  # a day; "" when unknown
    arrives_until: str
    cancel_until: str  # a moment; "" when there is no grace period


class PaymentConfirming(OrderMail):
    """A bank that takes its time: ordered, not yet paid."""

    totals: Totals
    ship_to: list[str]
    answer_by: str  # the day by which the bank has decided; "" when unknown


class PaymentFailed(OrderMail):
    total: str
    retry_url: str  # where it can be paid after all; "" when it cannot
    pay_until: str  # a moment, or ""


NothingGoesBack = Literal["not charged", "refunded before", "items refunded before", "taken by bank"]


class OrderCanceled(OrderMail):
    by: Literal["buyer", "shop"]
    reason: str  # a sentence for the buyer; "" when it was their own wish
    refund: str  # what is going back; "" when nothing is
    nothing: NothingGoesBack  # why, when nothing is


class RefundSent(OrderMail):
    amount: str
    partial: bool
    reason: str  # a sentence for the buyer, or ""


class RefundFailed(TypedDict):
    """To staff: money that should have gone back and did not."""

    number: str
    url: str  # the refund or the order in the admin
    amount: str
    reason: str  # as the provider says it
    next_step: str


class Shipped(OrderMail):
    """`lines` is what is in this parcel if it is `packed`; all of the order when Printify does not say."""

    packed: bool
    parcel: Parcel
    parcel_number: int  # 1 for the first that left
    parcel_count: int  # of the whole order; 0 while something has not left, because more parcels may follow
    still_to_come: list[Line]
    canceled: list[Line]  # by Printify, alone: they never come
    arrives_from: str
    arrives_until: str


class Delivered(OrderMail):
    packed: bool  # as in Shipped
    parcel: Parcel
    parcel_number: int  # 1 for the first that arrived
    parcel_count: int  # as in Shipped
    still_to_come: list[Line]
    canceled: list[Line]  # as in Shipped


class LateParcel(OrderMail):
    """One apology: later than promised, whether it is being printed or under way."""

    parcel: Parcel  # with "" for all when nothing has left yet
    promised: str  # the last day of the window that was promised
    arrives_until: str  # the new last day, or ""


class ArrivalAsked(OrderMail):
    """Nobody reported that it arrived: the buyer is asked, once."""

    parcel: Parcel  # with "" for all when it travels without a number
    promised: str  # the last day of the window that was promised, or ""
    answer_url: str  # where the buyer says that it has come
    answer_by: str  # the day after which it counts as over


class AddressChanged(OrderMail):
    """Where the order goes now. Also told when somebody else than the buyer changed it."""

    ship_to: list[str]
    arrives_from: str
    arrives_until: str
    cancel_until: str  # until when it can be changed once more; "" when it cannot


class OrderChanged(OrderMail):
    """The buyer swapped one line for another size or color of the same product, at the same price."""

    title: str  # the product's
    before: str  # the label that was swapped, such as "White / S"
    after: str
    cancel_until: str  # as in AddressChanged


class ClaimReceived(OrderMail):
    claim: str  # the claim's number
    wish: Literal["reprint", "refund", "other"]
    message: str  # what the buyer wrote
    answer_by: str  # a day, or ""


class ClaimAnswered(OrderMail):
    claim: str
    decision: Literal["reprint", "refund", "declined", "question"]
    answer: str  # what staff wrote, "" for none
    amount: str  # what goes back; "" unless it is a refund


class WithdrawalReceipt(OrderMail):
    """Confirms on a durable medium that a withdrawal was declared, when and for what."""

    received_at: str
    message: str  # the declaration as it was made, or ""
    refund: str  # what will go back; "" when it is not known yet
    send_back_by: str  # a day; "" when nothing has to come back


class OrderCode(TypedDict):
    """The code that opens the whole order page on a device that only has the link."""

    number: str
    url: str
    code: str
    minutes: int  # how long it works


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


class Welcome(TypedDict):
    email: str
    url: str  # the account's page
    orders: int  # orders placed before as a guest that are in the account now


class AccountLink(TypedDict):
    """Mails with one link: reset, sign-in instead of a second sign-up, data, newsletter."""

    email: str
    url: str
    other_url: str  # a second way on, or ""


class AccountNotice(TypedDict):
    """Something changed in the account; the owner hears of it whoever did it.

    Of a changed address both are told, in the same words: `email` is the old one, `detail` the new one.
    """

    email: str
    detail: str  # the other address of an e-mail change, or ""
    at: str
    ip: str
    agent: str
    url: str  # the account's security page


class AbandonedCart(TypedDict):
    """Needs consent to reminders (`notifications.consent.may_write`)."""

    name: str
    lines: list[Line]
    totals: Totals  # as agreed when the cart was left
    url: str  # fills the cart again, at today's prices


class ConfirmStock(TypedDict):
    """Somebody typed this address beside something that is sold out: was it its owner?"""

    email: str
    url: str
    title: str
    label: str


class BackInStock(TypedDict):
    """Was asked for on the product's page and confirmed by mail; sent once."""

    title: str
    label: str
    amount: str
    image: str
    url: str


class CampaignMail(TypedDict):
    """Written by staff; needs consent to news."""

    subject: str
    preheader: str  # what mail programs show beside the subject, or ""
    heading: str
    body: str  # plain text; an empty line begins a paragraph
    button: str  # the words on it; "" for none
    url: str
