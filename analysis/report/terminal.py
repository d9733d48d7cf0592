"""The terminal: what the commands print for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table as RichTable

from analysis.findings import Findings
from analysis.frontier.frontier import Frontier
from analysis.prediction.prediction import Prediction, prediction_sentence
from analysis.sentences import HEADINGS, NO_RULE, count_sentence, sentences_by_topic
from analysis.sheet import Sheet, failure_sheet, frontier_sheet, prediction_sheet
from analysis.summary import summary
from analysis.traps.trap import by_gravity

if TYPE_CHECKING:
    from analysis.report.report import Report

MAX_ROWS = 40
GAP = 2
"""Blanks between two columns."""
LONGEST_WORD = 20
"""Length of the longest cell that is never wrapped."""
INDENT = (0, 0, 0, 2)
SHORT = {
    "resolution": "px",
    "probability": "chance",
    "networks": "nets",
    "predicted (h)": "plan h",
    "actual (h)": "took h",
    "95 % of the median": "95 %",
    "90 % of points": "90 %",
}
"""Abbreviated headings of tables that must fit 80 columns."""


def print_report(console: Console, report: Report) -> None:
    """Print counts, the summary, failures, the frontier, the rules, the warnings, the hours, and the
    files."""
    findings = report.findings
    console.print(count_sentence(findings), highlight=False)
    _print_summary(console, findings)
    failures = failure_sheet(findings.table)
    if failures.rows:
        print_sheet(console, failures)
    for frontier in list(findings.frontiers.values())[:1]:
        print_frontier(console, frontier)
    _print_topics(console, findings)
    if findings.prediction:
        _print_prediction(console, findings.prediction)
    console.print("\n[bold]Files[/bold]")
    for path in (
        report.page,
        report.rules,
        *report.tables,
        *(p for p in report.figures if p.suffix == ".png"),
    ):
        console.print(f"  {escape(str(path))}", highlight=False, soft_wrap=True)


def print_frontier(console: Console, frontier: Frontier) -> None:
    print_sheet(console, frontier_sheet(frontier))


def print_rules(console: Console, findings: Findings) -> None:
    """Print the summary, then every rule by topic and every warning, gravest first."""
    _print_summary(console, findings)
    _print_topics(console, findings)


def _print_summary(console: Console, findings: Findings) -> None:
    table = RichTable(
        title="\nSummary",
        title_justify="left",
        title_style="bold",
        box=None,
        show_header=False,
        pad_edge=False,
    )
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for topic, told in summary(findings).items():
        table.add_row(HEADINGS[topic], Group(*map(escape, told)))
    console.print(table, highlight=False)


def _print_topics(console: Console, findings: Findings) -> None:
    told = {topic: each for topic, each in sentences_by_topic(findings).items() if each}
    for topic, sentences in told.items():
        console.print(f"\n[bold]{HEADINGS[topic]}[/bold]")
        for sentence in sentences:
            console.print(Padding(escape(sentence), INDENT), highlight=False)
    if not told:
        console.print(f"\n{NO_RULE}")
    if findings.traps:
        console.print("\n[bold]Warnings[/bold]")
    for trap in by_gravity(findings.traps):
        message = f"[yellow]{trap.code}[/yellow]: {escape(trap.message)}"
        console.print(Padding(message, INDENT), highlight=False)


def _print_prediction(console: Console, found: Prediction) -> None:
    print_sheet(console, prediction_sheet(found))
    console.print(Padding(prediction_sentence(found), INDENT), highlight=False)


def _short(heading: str) -> str:
    return SHORT.get(heading, heading)


def print_sheet(console: Console, sheet: Sheet) -> None:
    """Print the first rows of a sheet, and how many more there are."""
    table = RichTable(title=f"\n{sheet.title}", title_justify="left", box=None, pad_edge=False)
    table.title_style = "bold"
    rows = sheet.rows[:MAX_ROWS]
    widths = [max(map(len, cells)) for cells in zip(map(_short, sheet.head), *rows, strict=True)]
    for name, width in zip(sheet.head, widths, strict=True):
        table.add_column(_short(name), overflow="fold", no_wrap=width <= LONGEST_WORD)
    for row in rows:
        table.add_row(*map(escape, row))
    needed = sum(min(width, LONGEST_WORD) + GAP for width in widths)
    if needed > console.width:  # wrapped lines are better than truncated digits
        table.width = needed
    console.print(table, crop=False)
    more = (sheet.num_rows or len(sheet.rows)) - MAX_ROWS
    if more > 0:
        console.print(f"  and {more} more")
