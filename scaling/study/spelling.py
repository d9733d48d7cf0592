"""Spelling: what a misspelt word may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def nearest(word: str, known: Sequence[str]) -> str:
    """`did you mean x` if a known word is close, else the list of known words."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}" if close else f"known are {', '.join(known)}"
