"""Permissions for acts that can cost the shop money, beside Django's own. `ilytat.accounts.roles` grants them.

Refunds need `payments.refund_order`, which the payments app declares.
"""

ACCEPT_PAYMENT = "orders.accept_payment"
REPRINT_ORDER = "orders.reprint_order"
RELEASE_HOLD = "orders.release_hold"
