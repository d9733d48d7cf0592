"""The command: python -m control status|watch|logs|retry|cancel STUDY."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console

from control.options import parse
from scaling.command.output import print_json
from scaling.errors import INTERRUPTED, Refused
from scaling.study.store import Study


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it worked, 2 when something was refused, 130 after Ctrl-C."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        asked = parse(words)
        _COMMANDS[asked.command](Study.open(asked.study), asked)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Refused as refusal:
        if "--debug" in words:
            raise
        Console(stderr=True, soft_wrap=True).print(f"control: {refusal}", markup=False, highlight=False)
        return 2
    return 0


def _console() -> Console:
    """As wide as the terminal; of a file nobody knows."""
    is_known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, width=None if is_known else 140)


def _status(study: Study, asked: Namespace) -> None:
    from control.status import Watcher
    from control.table import as_json, tabulate
    from control.terminal import print_status

    glance = Watcher(study).look()
    table = tabulate(glance, asked.filter, asked.by)
    if asked.json:
        print_json(asdict(glance.status) | {"rows": as_json(table)[: asked.limit]})
    else:
        print_status(_console(), glance, table, limit=asked.limit)


_COMMANDS = {"status": _status}


if __name__ == "__main__":
    sys.exit(main())
