"""python -m analysis report: write and print everything."""

from __future__ import annotations

import json
from argparse import Namespace

from rich.console import Console

from analysis.command.output import read, say
from analysis.report.report import report_directory, write_report
from analysis.report.run import log_report
from analysis.report.terminal import print_report
from scaling.command.output import print_json


def run(asked: Namespace) -> None:
    table = read(asked)
    report = write_report(table, asked.out or report_directory(asked.source))
    logged = log_report(report, asked.wandb.group(asked.source, table.name)) if asked.wandb else None
    if asked.json:
        print_json(json.loads(report.rules.read_text(encoding="utf-8")))
        return
    print_report(Console(), report)
    if logged:
        say(f"  {logged}")
