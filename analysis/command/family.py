"""python -m analysis family: print the model to train for each budget."""

from __future__ import annotations

from argparse import Namespace
from typing import get_args

from rich.console import Console

from analysis.command.output import of_top1, read, say
from analysis.family.family import derive
from analysis.family.recommend import Budget, Kind
from analysis.family.sheet import family_json, family_sentences, family_sheet
from analysis.family.study import check_place, study_text, write_study
from analysis.options import numbers
from analysis.report.terminal import print_sheet
from scaling.command.output import print_json


def run(asked: Namespace) -> None:
    if asked.write:
        check_place(asked.write)
    budgets = [
        Budget(kind, value)
        for kind in get_args(Kind)
        for value in numbers(f"--{kind.replace('_', '-')}", getattr(asked, kind))
    ]
    family = derive(of_top1(read(asked), "families are"), budgets, epochs=asked.epochs, model=asked.model)
    said = [write_study(asked.write, study_text(family, asked.write.stem))] if asked.write else []
    if asked.json:
        print_json(family_json(family))
        return
    print_sheet(Console(), family_sheet(family))
    say(*family_sentences(family), *said)
