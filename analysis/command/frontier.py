"""python -m analysis frontier: print the frontier of error and cost, or that of several objectives."""

from __future__ import annotations

import json
from argparse import Namespace

from rich.console import Console

from analysis.command.output import read, require, say
from analysis.findings import find_frontiers
from analysis.frontier.frontier import frontier_table
from analysis.frontier.objectives import parse_objectives, read_objectives
from analysis.frontier.ranking import rank, ranking_json, ranking_sentences, ranking_sheet
from analysis.metric import COSTS, FLOPS
from analysis.options import mapping, numbers
from analysis.report.terminal import print_frontier, print_sheet
from scaling.command.output import print_json


def run(asked: Namespace) -> None:
    if asked.objectives is not None:
        _ranking(asked)
        return
    table, cost = read(asked), asked.cost or FLOPS.name
    frontiers = find_frontiers(table)
    require(table, frontiers, cost, COSTS)
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
    say(*ranking_sentences(ranking))
