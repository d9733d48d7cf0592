"""How a command ends: what its user can mend is one sentence and exit code 2, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from scaling.errors import INTERRUPTED, Refused


def ended(name: str, words: Sequence[str], run: Callable[[], int | None]) -> int:
    """Run the command `python -m name words`; return its exit code.

    It is 2 after a refusal or an error of the system, such as a full disk, and 130 after Ctrl-C, else what
    `run` returns, with 0 for None. With --debug, the exception is raised instead.
    """
    try:
        return run() or 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader has closed the pipe, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Refused, OSError) as error:
        if "--debug" in words:
            raise
        sentence = str(error)
        if isinstance(error, OSError) and error.strerror:
            sentence = f"{error.filename or 'output'}: {error.strerror}."
        console = Console(stderr=True, soft_wrap=True, emoji=False)
        console.print(f"{name}: {sentence}", markup=False, highlight=False)
        return 2
