"""Printed pairs: two networks of which a paper says how many times less one costs at about equal accuracy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Printed:
    column: str
    """Of the cost, in the table."""
    fast: str
    """Titles of the two networks."""
    slow: str
    times: float
    """As printed: the cost of `slow` over that of `fast`."""
