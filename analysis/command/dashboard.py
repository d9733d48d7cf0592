"""python -m analysis dashboard: make a study's workspace in W&B."""

from __future__ import annotations

from argparse import Namespace

from analysis.command.output import say
from analysis.dashboard.dashboard import dashboard_json, save_dashboard
from analysis.source.wandb_runs import study_group
from scaling.command.output import print_json


def run(asked: Namespace) -> None:
    group = study_group(asked.source, asked.wandb)
    if asked.print:
        print_json(dashboard_json(group))
    else:
        say(save_dashboard(group))
