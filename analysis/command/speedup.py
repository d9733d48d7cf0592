"""python -m analysis speedup: print what one family costs for the accuracy of another."""

from __future__ import annotations

from argparse import Namespace

from analysis.command.output import read, say, show, way_to
from analysis.findings import find_at_equal_accuracy
from analysis.report.sheets import equal_sheets
from analysis.speedup.rules import equal_json
from analysis.speedup.sentences import speedup_sentences
from analysis.speedup.slow_resolution_sheet import ladder_sentences
from scaling.command.output import print_json
from scaling.errors import Refused


def run(asked: Namespace) -> None:
    table = read(asked)
    found = find_at_equal_accuracy(table, asked.base)
    if asked.cost is not None:
        found = found.at(asked.cost)
        if not found.speedups:
            raise Refused(f"{table.source} has no {asked.cost}: {way_to(asked.cost, table)}.")
    if asked.json:
        print_json(equal_json(found))
        return
    for sheet in equal_sheets(found):
        show(sheet)
    say(*speedup_sentences(table, found.speedups, found.printed), *ladder_sentences(found.ladders))
