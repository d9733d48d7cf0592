"""The command: python -m control status STUDY."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from control.status import status_of
from control.terminal import print_status
from scaling.command.line import Parser
from scaling.command.output import print_json
from scaling.errors import INTERRUPTED, Refused
from scaling.study.store import Study


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it worked, 2 when something was refused."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        options = _parser().parse_args(words)
        options.run(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Refused as refusal:
        if "--debug" in words:
            raise
        Console(stderr=True, soft_wrap=True).print(f"control: {refusal}", markup=False, highlight=False)
        return 2
    return 0


def _parser() -> Parser:
    shared = Parser(add_help=False)
    shared.add_argument("study", metavar="STUDY", type=Path, help="a study directory, such as results/mine")
    shared.add_argument("--debug", action="store_true", help="show the traceback of a refusal")
    parser = Parser(prog="python -m control", description="Watch and steer a study.")
    commands = parser.add_subparsers(required=True, metavar="status")
    status = commands.add_parser("status", parents=[shared], help="how far it is, and what runs where")
    status.add_argument("--json", action="store_true", help="print it as JSON")
    status.set_defaults(run=lambda asked: _status(asked.study, as_json=asked.json))
    return parser


def _status(path: Path, *, as_json: bool) -> None:
    status = status_of(Study.open(path))
    if as_json:
        print_json(asdict(status))
    else:
        print_status(Console(soft_wrap=True, highlight=False), status)


if __name__ == "__main__":
    sys.exit(main())
