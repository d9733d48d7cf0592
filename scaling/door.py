"""What every command does first: Ctrl-C while it still imports ends it with one word and exit code 130.

The entry points import this module first. Other exceptions keep their traceback.
"""

from __future__ import annotations

import sys
from types import TracebackType

from scaling.errors import INTERRUPTED


def _end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    sys.stderr.write("Stopped.\n")
    sys.exit(INTERRUPTED)


sys.excepthook = _end
