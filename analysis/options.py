"""The options of each command."""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from analysis.metric import COSTS, PRICES, SPEEDUPS
from analysis.source.wandb_runs import Project
from analysis.suggest.aims import RULES
from analysis.table import KNOWN_COLUMNS
from scaling.command.line import Parser
from scaling.errors import Refused

_STUDY = "study directory, or wandb:ENTITY/PROJECT/GROUP"


def parse(words: Sequence[str]) -> Namespace:
    """The command with its source and options. Raises `Refused` for options that do not go together."""
    asked = _parser().parse_args(words)
    if getattr(asked, "wandb", None) is not None:
        asked.wandb = Project.parse(asked.wandb)
    if (
        asked.command == "frontier"
        and asked.objectives is None
        and (asked.ranks or asked.reference is not None)
    ):
        raise Refused("--ranks and --reference go with --objectives, such as --objectives top1,flops,params.")
    return asked


def mapping(pairs: Sequence[str]) -> dict[str, str]:
    """The column names from `ours=theirs` pairs. Raises `Refused` for anything else."""
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not (ours and equals and theirs):
            raise Refused(
                f"--map {pair} is not OURS=THEIRS: write --map top1=acc1, where OURS is one of "
                f"{', '.join(KNOWN_COLUMNS)}."
            )
    return {ours: theirs for ours, _, theirs in (pair.partition("=") for pair in pairs)}


def numbers(option: str, text: str | None) -> tuple[float, ...]:
    """Numbers separated by commas, none where there is no text. Raises `Refused` for anything else."""
    try:
        values = tuple(float(word) for word in text.split(",")) if text is not None else ()
    except ValueError:
        values = (math.nan,)
    if not all(map(math.isfinite, values)):
        raise Refused(f"{option} {text}: numbers are needed, with commas between them, such as 60,1e10.")
    return values


def _parser() -> Parser:
    parser = Parser(prog="python -m analysis", description="Analyse the results of a study.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def of_table(name: str, help: str) -> Parser:
        return commands.add_parser(name, parents=[_table()], help=help)

    def of_study(name: str, help: str) -> Parser:
        return commands.add_parser(name, parents=[_study()], help=help)

    _add_report(of_table("report", "write and print everything"))
    _add_frontier(of_table("frontier", "print the frontier"))
    _add_rules(of_table("rules", "print the rules"))
    _add_family(of_table("family", "print the model to train for each budget"))
    _add_suggest(of_table("suggest", "print the runs that teach most about the rules"))
    _add_json(of_table("methods", "print what training methods are worth"))
    _add_speedup(of_table("speedup", "print what one family costs for the accuracy of another"))
    _add_json(of_table("transfer", "print what pre-trained networks are worth on another task"))
    _add_json(of_study("curves", "print where the running points of a study will end"))
    _add_dashboard(of_study("dashboard", "make a study's workspace in W&B"))
    return parser


def _add_json(command: Parser) -> None:
    command.add_argument("--json", action="store_true", help="print it as JSON")


def _add_report(report: Parser) -> None:
    report.add_argument("--out", type=Path, help="directory of the report")
    report.add_argument("--json", action="store_true", help="print rules.json instead of text")
    report.add_argument("--wandb", metavar="ENTITY/PROJECT", help="also log the report there, as a run")


def _add_rules(rules: Parser) -> None:
    rules.add_argument(
        "--cost",
        choices=sorted(PRICES),
        help="cost at which depth and width are compared (default: that of the source)",
    )
    rules.add_argument("--json", action="store_true", help="print rules.json")


def _add_dashboard(dashboard: Parser) -> None:
    dashboard.add_argument(
        "--wandb", metavar="ENTITY/PROJECT", help="project of the runs of a study directory"
    )
    dashboard.add_argument("--print", action="store_true", help="print it as JSON without sending it")


def _add_frontier(frontier: Parser) -> None:
    compared = frontier.add_mutually_exclusive_group()
    compared.add_argument(
        "--cost", choices=sorted(COSTS), help="cost to compare the error with (default: flops)"
    )
    compared.add_argument(
        "--objectives",
        metavar="top1,flops,…",
        help="any number of columns, with :max or :min where needed",
    )
    frontier.add_argument(
        "--ranks", action="store_true", help="with --objectives: print every point with its rank"
    )
    frontier.add_argument(
        "--reference", metavar="60,1e10,…", help="with --objectives: reference point of the hypervolume"
    )
    frontier.add_argument(
        "--json", action="store_true", help="print it as JSON, every model with its standing"
    )


def _add_speedup(speedup: Parser) -> None:
    speedup.add_argument(
        "--cost", choices=sorted(SPEEDUPS), help="compare one cost (default: all known ones)"
    )
    speedup.add_argument(
        "--base", metavar="FAMILY", help="family to compare with (default: the first by name)"
    )
    _add_json(speedup)


def _add_family(family: Parser) -> None:
    for kind, unit in (("flops", "1e9,4e9"), ("latency-ms", "5,20"), ("memory-gb", "8,16")):
        family.add_argument(f"--{kind}", metavar=f"{unit},…", help="budgets, one model each")
    family.add_argument(
        "--epochs", type=int, help="epochs of training (default: the most that were measured)"
    )
    family.add_argument("--model", help="file of conf/model, for a table that does not name its networks")
    family.add_argument(
        "--write", type=Path, metavar="conf/study/derived.yaml", help="also write a study file"
    )
    _add_json(family)


def _add_suggest(suggest: Parser) -> None:
    suggest.add_argument("--budget", type=float, metavar="1e15", help="train FLOPs that the runs may take")
    suggest.add_argument("--hours", type=float, help="hours of one device, instead of --budget")
    suggest.add_argument(
        "--batch", type=int, default=8, metavar="N", help="maximum number of runs (default: 8)"
    )
    suggest.add_argument(
        "--rules",
        default=",".join(RULES),
        metavar="resolution,exponent,…",
        help=f"rules to settle, of {', '.join(RULES)} and exponent (default: all but exponent)",
    )
    suggest.add_argument("--flops", metavar="1e9,4e9,…", help="also settle the best model for these budgets")
    suggest.add_argument(
        "--smallest",
        type=float,
        default=0.0,
        metavar="0.2",
        help="top-1 points below which depth and width count as alike (default: 0)",
    )
    suggest.add_argument("--where", metavar="'flops < 2e9'", help="condition that every run must meet")
    suggest.add_argument("--model", help="file of conf/model, for a table that does not name its networks")
    suggest.add_argument("--write", type=Path, metavar="conf/study/next.yaml", help="also write a study file")
    _add_json(suggest)


def _table() -> Parser:
    """Parser of the arguments shared by commands that read a table."""
    shared = Parser(add_help=False)
    shared.add_argument(
        "source",
        metavar="SOURCE",
        help="study directory, CSV or Parquet file, published:NAME, or wandb:ENTITY/PROJECT/GROUP",
    )
    shared.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help="name of a column, such as top1=acc1",
    )
    shared.add_argument("--debug", action="store_true", help="show the traceback of a refusal")
    return shared


def _study() -> Parser:
    """Parser of the arguments shared by commands that read the points of a study."""
    shared = Parser(add_help=False)
    shared.add_argument("source", metavar="STUDY", help=_STUDY)
    shared.add_argument("--debug", action="store_true", help="show the traceback of a refusal")
    return shared
