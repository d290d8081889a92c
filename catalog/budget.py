"""Printify's rate budget: 600 calls a minute for the account, shared by all processes, spent by lanes."""


def spend(lane: str) -> None:
    """Take one call from the budget. Raises Unavailable(retry_after) when the lane has none left this minute."""
