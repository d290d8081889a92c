"""The mails there are: their names, readers and streams."""

from dataclasses import dataclass
from typing import Literal

from notifications import contexts

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
    Kind("order_confirmed", contexts.OrderConfirmed, "buyer", "Order confirmed"),
    Kind("payment_confirming", contexts.PaymentConfirming, "buyer", "Payment being confirmed"),
    Kind("payment_failed", contexts.PaymentFailed, "buyer", "Payment failed"),
    Kind("order_canceled", contexts.OrderCanceled, "buyer", "Order canceled"),
    Kind("refund_sent", contexts.RefundSent, "buyer", "Refund sent"),
    Kind("shipped", contexts.Shipped, "buyer", "Parcel shipped"),
    Kind("late_parcel", contexts.LateParcel, "buyer", "Parcel late"),
    Kind("delivered", contexts.Delivered, "buyer", "Parcel delivered"),
    Kind("arrival_asked", contexts.ArrivalAsked, "buyer", "Has it arrived?"),
    Kind("address_changed", contexts.AddressChanged, "buyer", "Address changed"),
    Kind("order_changed", contexts.OrderChanged, "buyer", "Order changed"),
    Kind("claim_received", contexts.ClaimReceived, "buyer", "Claim received"),
    Kind("claim_answered", contexts.ClaimAnswered, "buyer", "Claim answered"),
    Kind("withdrawal_receipt", contexts.WithdrawalReceipt, "buyer", "Withdrawal received"),
    Kind("order_code", contexts.OrderCode, "buyer", "Code for the order page", secret=True),
)
STAFF = (
    Kind("staff_alert", contexts.StaffAlert, "staff", "Alert to staff"),
    Kind("refund_failed", contexts.RefundFailed, "staff", "Refund failed (to staff)"),
)
ACCOUNT = (
    Kind("verify_email", contexts.VerifyEmail, "account", "Confirm the e-mail address", secret=True),
    Kind("welcome", contexts.Welcome, "account", "Welcome"),
    Kind("password_reset", contexts.AccountLink, "account", "Reset the password", secret=True),
    Kind("unknown_account", contexts.AccountLink, "account", "Reset asked for an unknown address"),
    Kind("account_exists", contexts.AccountLink, "account", "Sign-up with a known address"),
    Kind("privacy_link", contexts.AccountLink, "account", "Download or erase my data", secret=True),
    Kind("password_changed", contexts.AccountNotice, "account", "Password changed"),
    Kind("password_set", contexts.AccountNotice, "account", "Password set"),
    Kind("email_changed", contexts.AccountNotice, "account", "E-mail address changed"),
    Kind("email_removed", contexts.AccountNotice, "account", "E-mail address removed"),
    Kind("new_sign_in", contexts.AccountNotice, "account", "New sign-in"),
    Kind("mfa_enabled", contexts.AccountNotice, "account", "Two-step sign-in switched on"),
    Kind("mfa_disabled", contexts.AccountNotice, "account", "Two-step sign-in switched off"),
    Kind("mfa_reset", contexts.AccountNotice, "account", "Two-step sign-in turned off by the shop"),
    Kind("recovery_codes_changed", contexts.AccountNotice, "account", "New recovery codes"),
    Kind("passkey_added", contexts.AccountNotice, "account", "Passkey added"),
    Kind("passkey_removed", contexts.AccountNotice, "account", "Passkey removed"),
)
READER = (
    Kind("confirm_newsletter", contexts.AccountLink, "reader", "Confirm the newsletter", secret=True),
    Kind("abandoned_cart", contexts.AbandonedCart, "reader", "Cart left behind", stream="marketing", topic="carts"),
    Kind("confirm_stock", contexts.ConfirmStock, "reader", "Confirm: tell me when it is back", secret=True),
    Kind("back_in_stock", contexts.BackInStock, "reader", "Back in stock", stream="marketing", topic="stock"),
    Kind("campaign", contexts.CampaignMail, "reader", "Campaign", stream="marketing", topic="news"),
    Kind(TEST, contexts.CampaignMail, "reader", "Campaign, as a test for staff", stream="marketing"),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*BUYER, *STAFF, *ACCOUNT, *READER)}
