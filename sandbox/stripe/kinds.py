"""The kinds of documents this stand-in keeps. What the control page shows it reads under these names."""

SESSION = "stripe.sessions"
# What a session remembers but never shows: payment_intent_data, its lines, the intent before completion.
INTERNAL = "stripe.internal"
# {"id", "expires_at"} of the sessions that are open, so that the clock need not read all others.
OPEN = "stripe.open"
INTENT = "stripe.payment_intents"
METHOD = "stripe.payment_methods"
CHARGE = "stripe.charges"
CUSTOMER = "stripe.customers"
REFUND = "stripe.refunds"
DISPUTE = "stripe.disputes"
WARNING = "stripe.early_fraud_warnings"
BALANCE = "stripe.balance_transactions"
EVENT = "stripe.events"
ENDPOINT = "stripe.webhook_endpoints"
COUPON = "stripe.coupons"
PROMOTION = "stripe.promotion_codes"
PRODUCT = "stripe.products"
RATE = "stripe.shipping_rates"
# First answers by idempotency key.
REPLAY = "stripe.idempotency"
# One document, "switches": how the next refund turns out.
SWITCHES = "stripe.switches"
