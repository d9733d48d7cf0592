"""What a person may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def suggest(word: str, known: Sequence[str]) -> str:
    """`did you mean x` where one is close, else the list of what there is."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}" if close else f"known are {', '.join(known)}"
