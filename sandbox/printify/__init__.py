"""Printify's public API for one custom-integration shop, and what a merchant and a print provider do behind it.

Where the documentation is silent the stricter reading is played, and a comment says so.
"""
