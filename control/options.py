"""The options of each command."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from control.web.address import PORT
from control.words import FAILURES, STATES, Filter, listed
from scaling.command.line import Parser
from scaling.errors import Refused
from scaling.study.stopping import Stopping

_FILTER = "knobs with the values that are wanted, such as depth=14,26"
_POINT = "an id, the start of one, or knobs that a single point has, such as depth=14 seed=0"


def parse(words: Sequence[str]) -> Namespace:
    """The command with its study and options; Refused for what it does not know."""
    asked, rest = _parser().parse_known_args(words)
    if rest and (not hasattr(asked, "words") or any(word.startswith("-") for word in rest)):
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    if hasattr(asked, "words"):
        asked.words += rest  # argparse takes no words after an option
    if hasattr(asked, "state"):
        asked.filter = Filter(
            states=listed(asked.state), failures=listed(asked.failure), words=tuple(asked.words)
        )
        asked.by = listed(asked.by)
    for name in ("limit", "tail", "every"):
        if getattr(asked, name, None) is not None and getattr(asked, name) <= 0:
            raise Refused(f"--{name} {getattr(asked, name):g} should be more than 0.")
    if asked.command == "stop-dominated":
        asked.stopping = Stopping(
            dominated=True, rungs=_numbers(asked.rungs), confidence=asked.confidence, spared=asked.spared
        )
    if asked.command == "watch":
        _check_page(asked)
    return asked


def _check_page(asked: Namespace) -> None:
    """Refuse what goes with the page alone, or not with the page."""
    of_page = [name for name in ("port", "host", "token") if getattr(asked, name) not in (None, False)]
    if of_page and not asked.web:
        raise Refused(f"--{of_page[0]} is of the page: write --web as well.")
    if asked.web and (asked.once or asked.filter or asked.by):
        raise Refused("--web goes with no filter, --by or --once: the page filters and groups by itself.")
    if asked.port is not None and not 0 <= asked.port < 2**16:
        raise Refused(f"--port {asked.port} is no port: give one from 1024 to 65535.")


def _parser() -> Parser:
    parser = Parser(prog="python -m control", description="Watch and steer a study.")
    commands = parser.add_subparsers(
        required=True, dest="command", metavar="status|watch|logs|retry|cancel|sync|stop-dominated"
    )
    study, filters = _study(), _filters()
    _add_status(
        commands.add_parser(
            "status", parents=[study, filters], help="how far it is, what failed, and what runs where"
        )
    )
    _add_watch(
        commands.add_parser(
            "watch", parents=[study, filters], help="the same, live, with the frontier so far"
        )
    )
    _add_logs(commands.add_parser("logs", parents=[study], help="the log of a point"))
    _add_retry(
        commands.add_parser(
            "retry", parents=[study], help="run again what failed, diverged and dominated points too"
        )
    )
    cancel = commands.add_parser("cancel", parents=[study], help="stop what runs; nothing is lost")
    cancel.add_argument("--yes", "-y", action="store_true", help="do not ask")
    _add_stop_dominated(
        commands.add_parser(
            "stop-dominated", parents=[study], help="stop points that cannot matter, as long as this runs"
        )
    )
    _add_sync(commands.add_parser("sync", parents=[study], help="send the runs to W&B that it lacks"))
    return parser


def _study() -> Parser:
    """What all commands have in common."""
    shared = Parser(add_help=False)
    shared.add_argument("study", metavar="STUDY", type=Path, help="a study directory, such as results/mine")
    shared.add_argument("--debug", action="store_true", help="show the traceback of a refusal")
    return shared


def _filters() -> Parser:
    """Which points of the study a command is about."""
    filters = Parser(add_help=False)
    filters.add_argument("words", nargs="*", default=[], metavar="KNOB=VALUE", help=_FILTER)
    filters.add_argument("--state", action="append", metavar="STATE", help=f"only {', '.join(STATES)}")
    filters.add_argument("--failure", action="append", metavar="CLASS", help=f"only {', '.join(FAILURES)}")
    filters.add_argument("--by", action="append", metavar="KNOB", help="group by these, such as depth,width")
    return filters


def _add_status(status: Parser) -> None:
    status.add_argument("--json", action="store_true", help="print it as JSON")
    status.add_argument("--limit", type=int, metavar="N", help="show the first N rows of the table")


def _add_watch(watch: Parser) -> None:
    watch.add_argument("--every", type=float, metavar="S", help="look every S seconds")
    watch.add_argument("--once", action="store_true", help="look once and end")
    watch.add_argument("--stay", action="store_true", help="stay when there is nothing left to wait for")
    watch.add_argument("--web", action="store_true", help="as a page for the browser, until Ctrl-C")
    watch.add_argument(
        "--port", type=int, metavar="N", help=f"of the page, else the first free from {PORT} on"
    )
    watch.add_argument(
        "--host", metavar="H", help="listen at this address, not at 127.0.0.1; asks for a token"
    )
    watch.add_argument("--token", action="store_true", help="ask for a token at 127.0.0.1 as well")


def _add_logs(logs: Parser) -> None:
    logs.add_argument("words", nargs="+", metavar="POINT", help=_POINT)
    logs.add_argument("--follow", "-f", action="store_true", help="go on until the point has ended")
    logs.add_argument("--tail", type=int, metavar="N", help="begin with the last N lines")


def _add_retry(retry: Parser) -> None:
    retry.add_argument("words", nargs="*", default=[], metavar="POINT", help=f"only these: ids, or {_FILTER}")
    retry.add_argument("--failure", action="append", metavar="CLASS", help=f"only {', '.join(FAILURES)}")
    retry.add_argument(
        "--mark", action="store_true", help="only mark the points, and say which line runs them"
    )
    retry.add_argument("--yes", "-y", action="store_true", help="do not ask")


def _add_stop_dominated(stop: Parser) -> None:
    wishes = Stopping()
    rungs = ",".join(f"{rung:g}" for rung in wishes.rungs)
    stop.add_argument(
        "--rungs", metavar="SHARES", default=rungs, help="of a point's epochs, where it may stop"
    )
    stop.add_argument("--confidence", metavar="P", type=float, default=wishes.confidence, help="0.95 or more")
    stop.add_argument(
        "--spared", metavar="P", type=float, default=wishes.spared, help="share that is not stopped"
    )


def _add_sync(sync: Parser) -> None:
    sync.add_argument("--project", metavar="NAME", help="where the study was tracked last, unless given")
    sync.add_argument("--entity", metavar="NAME", help="W&B's user or team, likewise")


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError:
        raise Refused(
            f"--rungs {text}: shares are needed, with commas between them, such as 0.25,0.5."
        ) from None
