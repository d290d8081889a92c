"""The mails there are: their names, readers and streams."""

from dataclasses import dataclass
from typing import Literal

from notifications import kinds

Audience = Literal["buyer", "account", "staff", "reader"]
Stream = Literal["shop", "marketing"]
# What a reader can say yes or no to; "" for what was asked for by itself.
Topic = Literal["", "news", "carts", "stock"]
TEST = "campaign_test"  # of one of the staff to themselves, as readers would get it


@dataclass(frozen=True)
class Kind:
    """`name` is also the folder of its templates and SendGrid's category."""

    name: str
    context: type
    audience: Audience
    what: str  # as staff call it
    secret: bool = False  # carries what opens something: forgotten once handed over, never shown to staff
    stream: Stream = "shop"  # marketing waits in a queue of its own, and offers to leave
    topic: Topic = ""  # the consent without which it is not sent

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self.context.__annotations__)


BUYER = (
    Kind("order_confirmed", kinds.OrderConfirmed, "buyer", "Order confirmed"),
    Kind("payment_confirming", kinds.PaymentConfirming, "buyer", "Payment being confirmed"),
    Kind("payment_failed", kinds.PaymentFailed, "buyer", "Payment failed"),
    Kind("order_canceled", kinds.OrderCanceled, "buyer", "Order canceled"),
    Kind("refund_sent", kinds.RefundSent, "buyer", "Refund sent"),
    Kind("shipped", kinds.Shipped, "buyer", "Parcel shipped"),
    Kind("late_parcel", kinds.LateParcel, "buyer", "Parcel late"),
    Kind("delivered", kinds.Delivered, "buyer", "Parcel delivered"),
    Kind("arrival_asked", kinds.ArrivalAsked, "buyer", "Has it arrived?"),
    Kind("address_changed", kinds.AddressChanged, "buyer", "Address changed"),
    Kind("claim_received", kinds.ClaimReceived, "buyer", "Claim received"),
    Kind("claim_answered", kinds.ClaimAnswered, "buyer", "Claim answered"),
    Kind("withdrawal_receipt", kinds.WithdrawalReceipt, "buyer", "Withdrawal received"),
    Kind("order_code", kinds.OrderCode, "buyer", "Code for the order page", secret=True),
)
STAFF = (
    Kind("staff_alert", kinds.StaffAlert, "staff", "Alert to staff"),
    Kind("refund_failed", kinds.RefundFailed, "staff", "Refund failed (to staff)"),
)
ACCOUNT = (
    Kind("verify_email", kinds.VerifyEmail, "account", "Confirm the e-mail address", secret=True),
    Kind("welcome", kinds.Welcome, "account", "Welcome"),
    Kind("password_reset", kinds.AccountLink, "account", "Reset the password", secret=True),
    Kind("unknown_account", kinds.AccountLink, "account", "Reset asked for an unknown address"),
    Kind("account_exists", kinds.AccountLink, "account", "Sign-up with a known address"),
    Kind("privacy_link", kinds.AccountLink, "account", "Download or erase my data", secret=True),
    Kind("password_changed", kinds.AccountNotice, "account", "Password changed"),
    Kind("password_set", kinds.AccountNotice, "account", "Password set"),
    Kind("email_changed", kinds.AccountNotice, "account", "E-mail address changed"),
    Kind("email_removed", kinds.AccountNotice, "account", "E-mail address removed"),
    Kind("new_sign_in", kinds.AccountNotice, "account", "New sign-in"),
    Kind("mfa_enabled", kinds.AccountNotice, "account", "Two-step sign-in switched on"),
    Kind("mfa_disabled", kinds.AccountNotice, "account", "Two-step sign-in switched off"),
    Kind("recovery_codes_changed", kinds.AccountNotice, "account", "New recovery codes"),
    Kind("passkey_added", kinds.AccountNotice, "account", "Passkey added"),
    Kind("passkey_removed", kinds.AccountNotice, "account", "Passkey removed"),
)
READER = (
    Kind("confirm_newsletter", kinds.AccountLink, "reader", "Confirm the newsletter", secret=True),
    Kind("abandoned_cart", kinds.AbandonedCart, "reader", "Cart left behind", stream="marketing", topic="carts"),
    Kind("confirm_stock", kinds.ConfirmStock, "reader", "Confirm: tell me when it is back", secret=True),
    Kind("back_in_stock", kinds.BackInStock, "reader", "Back in stock", stream="marketing", topic="stock"),
    Kind("campaign", kinds.CampaignMail, "reader", "Campaign", stream="marketing", topic="news"),
    Kind(TEST, kinds.CampaignMail, "reader", "Campaign, as a test for staff", stream="marketing"),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*BUYER, *STAFF, *ACCOUNT, *READER)}
