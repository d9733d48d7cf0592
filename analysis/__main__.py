"""The command: python -m analysis report|frontier|rules|family|methods|curves SOURCE."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.markup import escape

from analysis.curves.online import read_curves
from analysis.curves.study import outlook, outlook_of, outlook_sheet
from analysis.family import derive
from analysis.family_sheet import family_json, family_sentences, family_sheet
from analysis.family_study import check_place, study_text, write_study
from analysis.findings import Findings, find, find_frontiers
from analysis.frontier import Frontier
from analysis.methods import climb, ladder_sheet
from analysis.metric import COSTS, FLOPS, LATENCY, PRICES
from analysis.objectives import parse_objectives, read_objectives
from analysis.provenance import origin
from analysis.ranking import rank, ranking_json, ranking_sentences, ranking_sheet
from analysis.recommend import Budget, Kind
from analysis.report import frontier_table, report_directory, write_report
from analysis.report_run import log_report
from analysis.rules import rules_json
from analysis.source import read_source
from analysis.table import KNOWN_COLUMNS, Table
from analysis.terminal import print_frontier, print_report, print_rules, print_sheet
from analysis.wandb_runs import PREFIX as WANDB
from analysis.wandb_runs import Project, study_group
from scaling.command.line import Parser
from scaling.command.output import print_json
from scaling.errors import INTERRUPTED, Refused


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when it worked, 2 when something was refused, 130 after Ctrl-C."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        _run(_parser().parse_args(words))
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


def _parser() -> Parser:
    shared = Parser(add_help=False)
    shared.add_argument(
        "source",
        metavar="SOURCE",
        help="a study directory, a CSV or Parquet file, published:NAME, or wandb:ENTITY/PROJECT/GROUP",
    )
    shared.add_argument(
        "--map", action="append", default=[], metavar="OURS=THEIRS", help="a column's name, as top1=acc1"
    )
    shared.add_argument("--debug", action="store_true", help="show the traceback of a refusal")
    parser = Parser(prog="python -m analysis", description="What a study says.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    report = commands.add_parser("report", parents=[shared], help="write and print everything")
    report.add_argument("--out", type=Path, help="directory of the report")
    report.add_argument("--json", action="store_true", help="print rules.json instead of text")
    report.add_argument(
        "--wandb",
        type=Project.parse,
        metavar="ENTITY/PROJECT",
        help="log it there too, as a run",
    )
    dashboard = commands.add_parser("dashboard", help="make a study's workspace in W&B")
    dashboard.add_argument("source", metavar="STUDY", help="a study directory, or wandb:ENTITY/PROJECT/GROUP")
    dashboard.add_argument(
        "--wandb",
        type=Project.parse,
        metavar="ENTITY/PROJECT",
        help="where a directory's runs are",
    )
    dashboard.add_argument("--print", action="store_true", help="print it as JSON, and send nothing")
    dashboard.add_argument("--debug", action="store_true", help="show the traceback of a refusal")
    frontier = commands.add_parser("frontier", parents=[shared], help="print the frontier")
    compared = frontier.add_mutually_exclusive_group()
    compared.add_argument(
        "--cost", choices=sorted(COSTS), help="what is set against the error (default: flops)"
    )
    compared.add_argument(
        "--objectives",
        metavar="top1,flops,…",
        help="any number of columns, each with :max or :min if need be",
    )
    frontier.add_argument("--ranks", action="store_true", help="of the objectives: every point with its rank")
    frontier.add_argument(
        "--reference", metavar="60,1e10,…", help="of the objectives: where the hypervolume is counted from"
    )
    frontier.add_argument(
        "--json", action="store_true", help="print it as JSON, every model with its standing"
    )
    rules = commands.add_parser("rules", parents=[shared], help="print the rules")
    rules.add_argument(
        "--cost",
        choices=sorted(PRICES),
        help="what depth and width are compared at, else what the source says",
    )
    rules.add_argument("--json", action="store_true", help="print rules.json")
    family = commands.add_parser("family", parents=[shared], help="print the model to train for each budget")
    for kind, unit in (("flops", "1e9,4e9"), ("latency-ms", "5,20"), ("memory-gb", "8,16")):
        family.add_argument(f"--{kind}", metavar=f"{unit},…", help="budgets, one model each")
    family.add_argument("--epochs", type=int, help="of training, else the most that were measured")
    family.add_argument("--model", help="a file of conf/model, for a table that does not say its own")
    family.add_argument("--write", type=Path, metavar="conf/study/derived.yaml", help="also as a study")
    family.add_argument("--json", action="store_true", help="print it as JSON")
    methods = commands.add_parser("methods", parents=[shared], help="print the ladder of training methods")
    methods.add_argument("--json", action="store_true", help="print it as JSON")
    curves = commands.add_parser("curves", help="print where the running points of a study will end")
    curves.add_argument("source", metavar="STUDY", help="a study directory, or wandb:ENTITY/PROJECT/GROUP")
    curves.add_argument("--json", action="store_true", help="print it as JSON")
    curves.add_argument("--debug", action="store_true", help="show the traceback of a refusal")
    return parser


def _run(options: argparse.Namespace) -> None:
    if options.command == "curves":
        _curves(options.source, options.json)
        return
    if options.command == "dashboard":
        _dashboard(options.source, options.wandb, options.print)
        return
    if options.command == "frontier" and options.objectives is not None:
        _ranking(options)
        return
    if options.command == "frontier" and (options.ranks or options.reference is not None):
        raise Refused("--ranks and --reference go with --objectives, such as --objectives top1,flops,params.")
    table = read_source(options.source, _mapping(options.map))
    if options.command == "report":
        _report(table, options.out or report_directory(options.source), options.json, options.wandb)
    elif options.command == "frontier":
        _frontier(table, options.cost or FLOPS.name, options.json)
    elif options.command == "family":
        _family(table, options)
    elif options.command == "methods":
        _methods(table, options.json)
    else:
        _rules(find(table, options.cost), options.cost, options.json)


def _mapping(pairs: list[str]) -> dict[str, str]:
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not (ours and equals and theirs):
            raise Refused(
                f"--map {pair} is not OURS=THEIRS: write --map top1=acc1, of {', '.join(KNOWN_COLUMNS)}."
            )
    return {ours: theirs for ours, _, theirs in (pair.partition("=") for pair in pairs)}


def _report(table: Table, out: Path, as_json: bool, project: Project | None) -> None:
    report = write_report(table, out)
    logged = log_report(report, project.group(table.name)) if project else None
    if as_json:
        print_json(json.loads(report.rules.read_text(encoding="utf-8")))
        return
    print_report(Console(), report)
    if logged:
        Console().print(f"  {escape(logged)}", highlight=False, soft_wrap=True)


def _dashboard(study: str, project: Project | None, only_print: bool) -> None:
    from analysis.dashboard import dashboard_json, save_dashboard  # 0.8 s

    group = study_group(study, project)
    if only_print:
        print_json(dashboard_json(group))
    else:
        Console().print(escape(save_dashboard(group)), highlight=False, soft_wrap=True)


def _frontier(table: Table, cost: str, as_json: bool) -> None:
    frontiers = find_frontiers(table)
    _require(table, frontiers, cost, COSTS)
    frontier = frontiers[cost]
    if as_json:
        rows = frontier_table({cost: frontier}, frontier.members)
        print_json(json.loads(rows.to_json(orient="records")))
    else:
        print_frontier(Console(), frontier)


def _require(table: Table, frontiers: Mapping[str, Frontier], cost: str, choices: Iterable[str]) -> None:
    if cost not in frontiers:
        known = [choice for choice in choices if choice in frontiers]
        others = f"or choose --cost from {', '.join(known)}" if known else "in numbers"
        raise Refused(f"{table.source} has no {cost}: {_way_to(cost, table)}, {others}.")


def _ranking(options: argparse.Namespace) -> None:
    metrics = parse_objectives(options.objectives)
    objectives = read_objectives(options.source, metrics, _mapping(options.map))
    ranking = rank(objectives, with_ranks=options.ranks, reference=_reference(options.reference))
    if options.json:
        print_json(ranking_json(ranking, everything=options.ranks))
        return
    console = Console()
    print_sheet(console, ranking_sheet(ranking, everything=options.ranks))
    for sentence in ranking_sentences(ranking):
        console.print(sentence, markup=False, highlight=False, emoji=False)


def _family(table: Table, options: argparse.Namespace) -> None:
    if options.write:
        check_place(options.write)
    family = derive(
        table,
        [
            Budget(kind, value)
            for kind in get_args(Kind)
            for value in _numbers(f"--{kind.replace('_', '-')}", getattr(options, kind))
        ],
        epochs=options.epochs,
        model=options.model,
    )
    said = write_study(options.write, study_text(family, options.write.stem)) if options.write else None
    if options.json:
        print_json(family_json(family))
        return
    console = Console()
    print_sheet(console, family_sheet(family))
    for sentence in [*family_sentences(family), *([said] if said else [])]:
        console.print(sentence, markup=False, highlight=False, emoji=False, soft_wrap=True)


def _reference(text: str | None) -> tuple[float, ...] | None:
    return None if text is None else _numbers("--reference", text)


def _numbers(option: str, text: str | None) -> tuple[float, ...]:
    try:
        values = tuple(float(word) for word in text.split(",")) if text is not None else ()
    except ValueError:
        values = (math.nan,)
    if not all(map(math.isfinite, values)):
        raise Refused(f"{option} {text}: numbers are needed, with commas between them, such as 60,1e10.")
    return values


def _way_to(cost: str, table: Table) -> str:
    if cost == LATENCY.name and Path(table.source).is_dir():
        return f"python -m scaling profile {table.source} measures it"
    return f"add the column {COSTS[cost].column}"


def _rules(findings: Findings, cost: str | None, as_json: bool) -> None:
    if cost is not None:
        _require(findings.table, findings.frontiers, cost, PRICES)
    if as_json:
        print_json(rules_json(findings, origin()))
    else:
        print_rules(Console(), findings)


def _methods(table: Table, as_json: bool) -> None:
    ladder = climb(table)
    if as_json:
        print_json(asdict(ladder))
        return
    sheet = ladder_sheet(ladder)
    console = Console()
    print_sheet(console, sheet)
    console.print(sheet.note, highlight=False)


def _curves(study: str, as_json: bool) -> None:
    found = outlook_of(read_curves(study)) if study.startswith(WANDB) else outlook(Path(study))
    if as_json:
        print_json([asdict(each) for each in found])
        return
    sheet = outlook_sheet(found)
    console = Console()
    print_sheet(console, sheet)
    console.print(sheet.note, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
