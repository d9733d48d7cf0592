"""The command line `python -m analysis COMMAND SOURCE`; analysis/options.py declares its options."""

from __future__ import annotations

import scaling.door  # noqa: F401  before the others, which take a second

# isort: split
import sys
from collections.abc import Sequence
from importlib import import_module

from analysis.options import parse
from scaling.command.ended import ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code, as `ended` says."""
    words = sys.argv[1:] if arguments is None else list(arguments)

    def run() -> None:
        asked = parse(words)
        import_module(f"analysis.command.{asked.command}").run(asked)  # importing all takes seconds

    return ended("analysis", words, run)


if __name__ == "__main__":
    sys.exit(main())
