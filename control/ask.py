"""Ask for confirmation before an action that may not be intended."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.prompt import Confirm
from rich.text import Text

from scaling.errors import Refused


def agreed(console: Console, question: str, *, yes: bool) -> bool:
    """Whether the user confirms; `yes` answers in advance. Refused where there is no terminal to ask."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Refused("There is no terminal to ask for confirmation: add --yes.")
    return Confirm.ask(Text(question), console=console)
