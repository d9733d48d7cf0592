"""A refusal: a setting or a file that cannot be honoured, told to a person in one sentence."""

from __future__ import annotations

INTERRUPTED = 130
"""Exit code of a command ended by Ctrl-C, as shells have it."""


class Refused(ValueError):
    """`str()` is one sentence that names the value and what would be right; commands end with exit code 2."""


class DataError(RuntimeError):
    """The images or labels are absent, unreadable, or not the ones the study declared."""


class Unmet(DataError):
    """A point that this one needs has not been trained, or has kept no weights."""
