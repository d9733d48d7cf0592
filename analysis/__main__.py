"""The command: python -m analysis COMMAND SOURCE, as analysis/options.py has it."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import get_args

from rich.console import Console

from analysis.additive import climb
from analysis.additive_sheet import methods_json, methods_sentences, methods_sheet
from analysis.curves.online import read_curves
from analysis.curves.study import outlook, outlook_of, outlook_sheet
from analysis.family import derive
from analysis.family_sheet import family_json, family_sentences, family_sheet
from analysis.family_study import check_place, study_text, write_study
from analysis.findings import find, find_at_equal_accuracy, find_frontiers
from analysis.frontier import Frontier, frontier_table
from analysis.metric import COSTS, FLOPS, PRICES, PROFILED, SPEEDUPS, TOP1
from analysis.objectives import parse_objectives, read_objectives
from analysis.options import mapping, numbers, parse
from analysis.provenance import origin
from analysis.ranking import rank, ranking_json, ranking_sentences, ranking_sheet
from analysis.recommend import Budget, Kind
from analysis.rules import rules_json
from analysis.sheet import Sheet
from analysis.sheets import equal_sheets
from analysis.slow_resolution_sheet import ladder_sentences
from analysis.source import read_source
from analysis.speedup_rules import equal_json
from analysis.speedup_sentences import speedup_sentences
from analysis.suggest.aims import Aims
from analysis.suggest.foresight_sheet import foresight_sheet
from analysis.suggest.proposal import propose
from analysis.suggest.proposal_sheet import (
    points_sheet,
    proposal_json,
    proposal_sentences,
)
from analysis.suggest.study_file import runs_text
from analysis.table import Table
from analysis.terminal import print_frontier, print_report, print_rules, print_sheet
from analysis.transfer import transfers
from analysis.transfer_sentences import transfer_json, transfer_sentences
from analysis.transfer_sheet import transfer_sheets
from analysis.wandb_runs import PREFIX as WANDB
from analysis.wandb_runs import study_group
from analysis.weight_decay import interplay
from analysis.weight_decay_sheet import interplay_json, interplay_sentences, interplay_sheet
from scaling.command.output import print_json
from scaling.errors import INTERRUPTED, Refused


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when it worked, 2 when something was refused, 130 after Ctrl-C."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        asked = parse(words)
        _COMMANDS[asked.command](asked)
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


def _report(asked: Namespace) -> None:
    from analysis.report import report_directory, write_report  # Matplotlib takes half a second to import
    from analysis.report_run import log_report

    table = _read(asked)
    report = write_report(table, asked.out or report_directory(asked.source))
    logged = log_report(report, asked.wandb.group(asked.source, table.name)) if asked.wandb else None
    if asked.json:
        print_json(json.loads(report.rules.read_text(encoding="utf-8")))
        return
    print_report(Console(), report)
    if logged:
        _say(f"  {logged}")


def _frontier(asked: Namespace) -> None:
    if asked.objectives is not None:
        _ranking(asked)
        return
    table, cost = _read(asked), asked.cost or FLOPS.name
    frontiers = find_frontiers(table)
    _require(table, frontiers, cost, COSTS)
    frontier = frontiers[cost]
    if asked.json:
        rows = frontier_table({cost: frontier}, frontier.members)
        print_json(json.loads(rows.to_json(orient="records")))
    else:
        print_frontier(Console(), frontier)


def _ranking(asked: Namespace) -> None:
    metrics = parse_objectives(asked.objectives)
    objectives = read_objectives(asked.source, metrics, mapping(asked.map))
    reference = None if asked.reference is None else numbers("--reference", asked.reference)
    ranking = rank(objectives, with_ranks=asked.ranks, reference=reference)
    if asked.json:
        print_json(ranking_json(ranking, everything=asked.ranks))
        return
    print_sheet(Console(), ranking_sheet(ranking, everything=asked.ranks))
    _say(*ranking_sentences(ranking))


def _rules(asked: Namespace) -> None:
    findings = find(_read(asked), asked.cost)
    if asked.cost is not None:
        _require(findings.table, findings.frontiers, asked.cost, PRICES)
    if asked.json:
        print_json(rules_json(findings, origin()))
    else:
        print_rules(Console(), findings)


def _family(asked: Namespace) -> None:
    if asked.write:
        check_place(asked.write)
    budgets = [
        Budget(kind, value)
        for kind in get_args(Kind)
        for value in numbers(f"--{kind.replace('_', '-')}", getattr(asked, kind))
    ]
    family = derive(_of_top1(_read(asked), "families are"), budgets, epochs=asked.epochs, model=asked.model)
    said = [write_study(asked.write, study_text(family, asked.write.stem))] if asked.write else []
    if asked.json:
        print_json(family_json(family))
        return
    print_sheet(Console(), family_sheet(family))
    _say(*family_sentences(family), *said)


def _suggest(asked: Namespace) -> None:
    if asked.write:
        check_place(asked.write)
    table = read_source(asked.source, mapping(asked.map), planned=True)
    found = propose(
        table,
        budget=asked.budget,
        hours=asked.hours,
        batch=asked.batch,
        where=asked.where,
        model=asked.model,
        aims=Aims(
            rules=tuple(filter(None, asked.rules.split(","))),
            flops=numbers("--flops", asked.flops),
            smallest=asked.smallest,
        ),
    )
    any_runs, said = len(found.suggestion.points) > 0, []
    if asked.write and any_runs:
        said.append(write_study(asked.write, runs_text(table, found, asked.write.stem, asked.model)))
    if asked.json:
        print_json(proposal_json(found))
        return
    _show(foresight_sheet(found.suggestion, found.budget))
    if any_runs:
        _show(points_sheet(found))
    _say(*proposal_sentences(found), *said)


def _methods(asked: Namespace) -> None:
    table = _of_top1(_read(asked), "the ladder is")
    crossed = interplay(table)
    if crossed is not None:
        sheet, told, answer = interplay_sheet(crossed), interplay_sentences(crossed), interplay_json(crossed)
    else:
        ladder = climb(table)
        sheet, told, answer = methods_sheet(ladder), methods_sentences(ladder), methods_json(ladder)
    if asked.json:
        print_json(answer)
        return
    _show(sheet)
    _say(*told)


def _speedup(asked: Namespace) -> None:
    table = _read(asked)
    found = find_at_equal_accuracy(table, asked.base)
    if asked.cost is not None:
        found = found.at(asked.cost)
        if not found.speedups:
            raise Refused(f"{table.source} has no {asked.cost}: {_way_to(asked.cost, table)}.")
    if asked.json:
        print_json(equal_json(found))
        return
    for sheet in equal_sheets(found):
        _show(sheet)
    _say(*speedup_sentences(table, found.speedups, found.printed), *ladder_sentences(found.ladders))


def _transfer(asked: Namespace) -> None:
    table = _read(asked)
    found = transfers(table)
    if not found:
        raise Refused(
            f"{table.source} has no completed point that begins from another: python sweep.py study=transfer "
            "trains some."
        )
    if asked.json:
        print_json(transfer_json(found))
        return
    for sheet in transfer_sheets(found):
        _show(sheet)
    _say(*transfer_sentences(found))


def _curves(asked: Namespace) -> None:
    is_online = asked.source.startswith(WANDB)
    found = outlook_of(read_curves(asked.source)) if is_online else outlook(Path(asked.source))
    if asked.json:
        print_json([asdict(each) for each in found])
    else:
        _show(outlook_sheet(found))


def _dashboard(asked: Namespace) -> None:
    from analysis.dashboard import dashboard_json, save_dashboard  # 0.8 s

    group = study_group(asked.source, asked.wandb)
    if asked.print:
        print_json(dashboard_json(group))
    else:
        _say(save_dashboard(group))


def _read(asked: Namespace) -> Table:
    return read_source(asked.source, mapping(asked.map))


def _of_top1(table: Table, what: str) -> Table:
    """The table; Refused where it is of another accuracy."""
    if table.accuracy is not TOP1:
        raise Refused(f"{table.source} has {table.accuracy.label}: {what} of top-1 accuracy.")
    return table


def _require(table: Table, frontiers: Mapping[str, Frontier], cost: str, choices: Iterable[str]) -> None:
    if cost not in frontiers:
        known = [choice for choice in choices if choice in frontiers]
        others = f"or choose --cost from {', '.join(known)}" if known else "in numbers"
        raise Refused(f"{table.source} has no {cost}: {_way_to(cost, table)}, {others}.")


def _way_to(cost: str, table: Table) -> str:
    if cost in PROFILED and Path(table.source).is_dir():
        return f"python -m scaling profile {quote(table.source)} measures it"
    return f"add the column {(COSTS | SPEEDUPS)[cost].column}"


def _show(sheet: Sheet) -> None:
    print_sheet(Console(), sheet)
    _say(sheet.note)


def _say(*sentences: str) -> None:
    for sentence in sentences:
        Console().print(sentence, markup=False, highlight=False, emoji=False, soft_wrap=True)


_COMMANDS = {
    "report": _report,
    "frontier": _frontier,
    "rules": _rules,
    "family": _family,
    "suggest": _suggest,
    "methods": _methods,
    "speedup": _speedup,
    "transfer": _transfer,
    "curves": _curves,
    "dashboard": _dashboard,
}


if __name__ == "__main__":
    sys.exit(main())
