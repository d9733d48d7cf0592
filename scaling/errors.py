"""Exceptions that are shown to people: refusals of a setting or a file in one sentence, and data errors."""

from __future__ import annotations

INTERRUPTED = 130
"""Exit code of a command ended by Ctrl-C, by the convention of shells (128 + SIGINT)."""


class Refused(ValueError):
    """A bad setting or file. The message is one sentence that names the value and what would be right.

    Commands end with exit code 2.
    """


class DataError(RuntimeError):
    """Images or labels are missing, unreadable, or not the ones that the study declared."""


class Unmet(DataError):
    """A point that this one needs is not trained, or has kept no weights."""
