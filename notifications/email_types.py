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
class EmailType:
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
    EmailType("order_confirmed", contexts.OrderConfirmed, "buyer", "Order confirmed"),
    EmailType("payment_confirming", contexts.PaymentConfirming, "buyer", "Payment being confirmed"),
    EmailType("payment_failed", contexts.PaymentFailed, "buyer", "Payment failed"),
    EmailType("order_canceled", contexts.OrderCanceled, "buyer", "Order canceled"),
    EmailType("refund_sent", contexts.RefundSent, "buyer", "Refund sent"),
    EmailType("shipped", contexts.Shipped, "buyer", "Parcel shipped"),
    EmailType("late_parcel", contexts.LateParcel, "buyer", "Parcel late"),
    EmailType("delivered", contexts.Delivered, "buyer", "Parcel delivered"),
    EmailType("arrival_asked", contexts.ArrivalAsked, "buyer", "Has it arrived?"),
    EmailType("address_changed", contexts.AddressChanged, "buyer", "Address changed"),
    EmailType("order_changed", contexts.OrderChanged, "buyer", "Order changed"),
    EmailType("claim_received", contexts.ClaimReceived, "buyer", "Claim received"),
    EmailType("claim_answered", contexts.ClaimAnswered, "buyer", "Claim answered"),
    EmailType("withdrawal_receipt", contexts.WithdrawalReceipt, "buyer", "Withdrawal received"),
    EmailType("order_code", contexts.OrderCode, "buyer", "Code for the order page", secret=True),
)
STAFF = (
    EmailType("staff_alert", contexts.StaffAlert, "staff", "Alert to staff"),
    EmailType("refund_failed", contexts.RefundFailed, "staff", "Refund failed (to staff)"),
)
ACCOUNT = (
    EmailType("verify_email", contexts.VerifyEmail, "account", "Confirm the e-mail address", secret=True),
    EmailType("welcome", contexts.Welcome, "account", "Welcome"),
    EmailType("password_reset", contexts.AccountLink, "account", "Reset the password", secret=True),
    EmailType("unknown_account", contexts.AccountLink, "account", "Reset asked for an unknown address"),
    EmailType("account_exists", contexts.AccountLink, "account", "Sign-up with a known address"),
    EmailType("privacy_link", contexts.AccountLink, "account", "Download or erase my data", secret=True),
    EmailType("password_changed", contexts.AccountNotice, "account", "Password changed"),
    EmailType("password_set", contexts.AccountNotice, "account", "Password set"),
    EmailType("email_changed", contexts.AccountNotice, "account", "E-mail address changed"),
    EmailType("email_removed", contexts.AccountNotice, "account", "E-mail address removed"),
    EmailType("new_sign_in", contexts.AccountNotice, "account", "New sign-in"),
    EmailType("mfa_enabled", contexts.AccountNotice, "account", "Two-step sign-in switched on"),
    EmailType("mfa_disabled", contexts.AccountNotice, "account", "Two-step sign-in switched off"),
    EmailType("mfa_reset", contexts.AccountNotice, "account", "Two-step sign-in turned off by the shop"),
    EmailType("recovery_codes_changed", contexts.AccountNotice, "account", "New recovery codes"),
    EmailType("passkey_added", contexts.AccountNotice, "account", "Passkey added"),
    EmailType("passkey_removed", contexts.AccountNotice, "account", "Passkey removed"),
)
READER = (
    EmailType("confirm_newsletter", contexts.AccountLink, "reader", "Confirm the newsletter", secret=True),
    EmailType(
        "abandoned_cart", contexts.AbandonedCart, "reader", "Cart left behind", stream="marketing", topic="carts"
    ),
    EmailType("confirm_stock", contexts.ConfirmStock, "reader", "Confirm: tell me when it is back", secret=True),
    EmailType("back_in_stock", contexts.BackInStock, "reader", "Back in stock", stream="marketing", topic="stock"),
    EmailType("campaign", contexts.CampaignMail, "reader", "Campaign", stream="marketing", topic="news"),
    EmailType(TEST, contexts.CampaignMail, "reader", "Campaign, as a test for staff", stream="marketing"),
)

KINDS: dict[str, EmailType] = {kind.name: kind for kind in (*BUYER, *STAFF, *ACCOUNT, *READER)}
