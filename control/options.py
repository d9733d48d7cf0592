"""The command-line options of each command."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from control.web.address import PORT
from control.words import FAILURES, STATES, Filter, listed
from scaling.command.line import Parser
from scaling.errors import Refused
from scaling.study.stopping import Stopping

_FILTER = "knobs with the values to keep, such as depth=14,26"
_POINT = "an id, the start of an id, or knobs that only one point has, such as depth=14 seed=0"


def parse(words: Sequence[str]) -> Namespace:
    """Parse a command, its study and its options; Refused for unknown words and invalid values."""
    asked, rest = _parser().parse_known_args(words)
    if rest and (not hasattr(asked, "words") or any(word.startswith("-") for word in rest)):
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    if hasattr(asked, "words"):
        asked.words += rest  # argparse leaves positional words after an option unparsed
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
    """Refuse page options without --web, and --web with options of the terminal view."""
    of_page = [name for name in ("port", "host", "token") if getattr(asked, name) not in (None, False)]
    if of_page and not asked.web:
        raise Refused(f"--{of_page[0]} is an option of the page: add --web.")
    if asked.web and (asked.once or asked.filter or asked.by):
        raise Refused("--web takes no filter, --by or --once: the page has its own filters and groups.")
    if asked.port is not None and not 0 <= asked.port < 2**16:
        raise Refused(f"--port {asked.port} is not a port number: give one from 1024 to 65535.")


def _parser() -> Parser:
    parser = Parser(prog="python -m control", description="Watch and steer a study.")
    commands = parser.add_subparsers(
        required=True, dest="command", metavar="status|watch|logs|retry|cancel|sync|stop-dominated"
    )
    study, filters = _study(), _filters()
    _add_status(
        commands.add_parser(
            "status", parents=[study, filters], help="progress, failures, and what runs where"
        )
    )
    _add_watch(
        commands.add_parser(
            "watch", parents=[study, filters], help="the status, live, with the frontier so far"
        )
    )
    _add_logs(commands.add_parser("logs", parents=[study], help="print the log of a point"))
    _add_retry(
        commands.add_parser(
            "retry", parents=[study], help="run failed points again, also diverged and dominated ones"
        )
    )
    cancel = commands.add_parser("cancel", parents=[study], help="stop everything that runs; nothing is lost")
    cancel.add_argument("--yes", "-y", action="store_true", help="do not ask")
    _add_stop_dominated(
        commands.add_parser(
            "stop-dominated", parents=[study], help="stop dominated points for as long as this command runs"
        )
    )
    _add_sync(commands.add_parser("sync", parents=[study], help="send W&B the runs that it lacks"))
    return parser


def _study() -> Parser:
    """The arguments that all commands share."""
    shared = Parser(add_help=False)
    shared.add_argument("study", metavar="STUDY", type=Path, help="a study directory, such as results/mine")
    shared.add_argument("--debug", action="store_true", help="show the traceback of a refusal")
    return shared


def _filters() -> Parser:
    """The arguments that select points of the study."""
    filters = Parser(add_help=False)
    filters.add_argument("words", nargs="*", default=[], metavar="KNOB=VALUE", help=_FILTER)
    filters.add_argument("--state", action="append", metavar="STATE", help=f"only {', '.join(STATES)}")
    filters.add_argument("--failure", action="append", metavar="CLASS", help=f"only {', '.join(FAILURES)}")
    filters.add_argument("--by", action="append", metavar="KNOB", help="group by knobs, such as depth,width")
    return filters


def _add_status(status: Parser) -> None:
    status.add_argument("--json", action="store_true", help="print it as JSON")
    status.add_argument("--limit", type=int, metavar="N", help="show the first N rows of the table")


def _add_watch(watch: Parser) -> None:
    watch.add_argument("--every", type=float, metavar="S", help="update every S seconds")
    watch.add_argument("--once", action="store_true", help="print it once and exit")
    watch.add_argument("--stay", action="store_true", help="do not exit when all points have ended")
    watch.add_argument("--web", action="store_true", help="serve it as a web page, until Ctrl-C")
    watch.add_argument(
        "--port", type=int, metavar="N", help=f"port of the page (default: the first free one from {PORT} on)"
    )
    watch.add_argument(
        "--host", metavar="H", help="address to listen at (default: 127.0.0.1); others need a token"
    )
    watch.add_argument("--token", action="store_true", help="require a token at 127.0.0.1 as well")


def _add_logs(logs: Parser) -> None:
    logs.add_argument("words", nargs="+", metavar="POINT", help=_POINT)
    logs.add_argument("--follow", "-f", action="store_true", help="keep printing until the point ends")
    logs.add_argument("--tail", type=int, metavar="N", help="start with the last N lines")


def _add_retry(retry: Parser) -> None:
    retry.add_argument("words", nargs="*", default=[], metavar="POINT", help=f"points: ids, or {_FILTER}")
    retry.add_argument("--failure", action="append", metavar="CLASS", help=f"only {', '.join(FAILURES)}")
    retry.add_argument(
        "--mark", action="store_true", help="only mark the points, and print the line that runs them"
    )
    retry.add_argument("--yes", "-y", action="store_true", help="do not ask")


def _add_stop_dominated(stop: Parser) -> None:
    wishes = Stopping()
    rungs = ",".join(f"{rung:g}" for rung in wishes.rungs)
    stop.add_argument(
        "--rungs", metavar="SHARES", default=rungs, help="shares of a point's epochs at which it may stop"
    )
    stop.add_argument(
        "--confidence",
        metavar="P",
        type=float,
        default=wishes.confidence,
        help="that a point is dominated: 0.95 or more",
    )
    stop.add_argument(
        "--spared", metavar="P", type=float, default=wishes.spared, help="share of points never stopped"
    )


def _add_sync(sync: Parser) -> None:
    sync.add_argument("--project", metavar="NAME", help="W&B project (default: that of the last tracking)")
    sync.add_argument("--entity", metavar="NAME", help="W&B user or team, with the same default")


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError:
        raise Refused(
            f"--rungs {text} is not a list of shares: separate them by commas, as in 0.25,0.5."
        ) from None
