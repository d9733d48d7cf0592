"""What every command does before all else; the entry points import this module first.

Ctrl-C while it still imports ends it with one word and exit code 130. A character that the encoding of the
output lacks, as in a Latin-1 terminal, is shown as `?` and ends nothing.
"""

from __future__ import annotations

import io
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
for stream in (sys.stdout, sys.stderr):
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
