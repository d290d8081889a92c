"""Stand-ins that speak the HTTP of Printify, Stripe and SendGrid, so that the shop runs with no account.

A process of its own: it imports nothing of the shop, the shop knows it by base addresses only.
"""
