"""A question before something is done that a person may not have meant."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.prompt import Confirm
from rich.text import Text

from scaling.errors import Refused


def agreed(console: Console, question: str, *, yes: bool) -> bool:
    """Whether it is to be done; Refused where nobody is there to say so."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Refused("There is no terminal to ask you on: add --yes.")
    return Confirm.ask(Text(question), console=console)
