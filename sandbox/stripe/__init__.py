"""Stripe as a shop with Checkout Sessions meets it: API 2026-10-28.endive, a pay page, signed webhooks.

What is refused here Stripe refuses too; what Stripe allows and no shop of ours uses answers 400 and says so.
"""

API_VERSION = "2026-10-28.endive"
