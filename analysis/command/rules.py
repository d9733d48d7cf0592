"""python -m analysis rules: print the rules."""

from __future__ import annotations

from argparse import Namespace

from rich.console import Console

from analysis.command.output import read, require
from analysis.findings import find
from analysis.metric import PRICES
from analysis.report.provenance import origin
from analysis.report.terminal import print_rules
from analysis.rules import rules_json
from scaling.command.output import print_json


def run(asked: Namespace) -> None:
    findings = find(read(asked), asked.cost)
    if asked.cost is not None:
        require(findings.table, findings.frontiers, asked.cost, PRICES)
    if asked.json:
        print_json(rules_json(findings, origin()))
    else:
        print_rules(Console(), findings)
