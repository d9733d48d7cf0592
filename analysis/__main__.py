"""The command line `python -m analysis COMMAND SOURCE`; analysis/options.py declares its options."""

from __future__ import annotations

import sys
from importlib import import_module

from rich.console import Console

from analysis.options import parse
from scaling.errors import INTERRUPTED, Refused


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 on success, 2 on a refusal, 130 after Ctrl-C."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        asked = parse(words)
        import_module(f"analysis.command.{asked.command}").run(asked)  # importing all takes seconds
    except KeyboardInterrupt:
        return INTERRUPTED
    except Refused as refusal:
        if "--debug" in words:
            raise
        Console(stderr=True, soft_wrap=True, emoji=False).print(
            f"analysis: {refusal}", markup=False, highlight=False
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
