"""python -m analysis suggest: print the runs that teach most about the rules."""

from __future__ import annotations

from argparse import Namespace

from analysis.command.output import say, show
from analysis.family.study import check_place, write_study
from analysis.options import mapping, numbers
from analysis.source.source import read_source
from analysis.suggest.aims import Aims
from analysis.suggest.foresight_sheet import foresight_sheet
from analysis.suggest.proposal import propose
from analysis.suggest.proposal_sheet import points_sheet, proposal_json, proposal_sentences
from analysis.suggest.study_file import runs_text
from scaling.command.output import print_json


def run(asked: Namespace) -> None:
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
    show(foresight_sheet(found.suggestion, found.budget))
    if any_runs:
        show(points_sheet(found))
    say(*proposal_sentences(found), *said)
