"""python -m analysis curves: print where the running points of a study will end."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from analysis.command.output import show
from analysis.curves.online import read_curves
from analysis.curves.study import outlook, outlook_of, outlook_sheet
from analysis.source.wandb_runs import PREFIX as WANDB
from scaling.command.output import print_json


def run(asked: Namespace) -> None:
    is_online = asked.source.startswith(WANDB)
    found = outlook_of(read_curves(asked.source)) if is_online else outlook(Path(asked.source))
    if asked.json:
        print_json([asdict(each) for each in found])
    else:
        show(outlook_sheet(found))
