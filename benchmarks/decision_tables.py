"""Tables of `decision_quality`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.rates import Rate
from scaling.command.output import print_table

OURS = "teaches most"
"""The strategy of `analysis suggest`."""
PAIRS, FORESIGHT = "pairs", "foresight"
"""The two ways to read a decision."""
THIRD, STOP = 1 / 3, float("inf")
"""Shares of the full grid's train FLOPs: that of the requirement, and wherever a strategy stops by itself."""
ASKED = 0.95
"""Required share of the repetitions in which the decision is the full grid's."""
NOTE = "% of repetitions, with 95 % Clopper-Pearson intervals"


def print_tables(rows: pd.DataFrame) -> None:
    third = rows[np.isclose(rows["share"], THIRD)]
    print_same("the verdicts that the full grid decides", "decided", third)
    print_same("all verdicts, undecided ones too", "all", third)
    print_least(rows)
    print_numbers(third)
    ours = rows[rows["strategy"] == OURS]
    if len(ours):
        print_stops(ours[np.isinf(ours["share"])])
        print_rules(third[(third["strategy"] == OURS) & (third["reading"] == FORESIGHT)])


def curves(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows at finite shares by strategy: ours read by foresight, the others by pairs."""
    own = np.where(rows["strategy"] == OURS, FORESIGHT, PAIRS)
    kept = rows[np.isfinite(rows["share"]) & (rows["reading"] == own)]
    return {str(name): part for name, part in kept.groupby("strategy", sort=False)}


def print_same(what: str, column: str, third: pd.DataFrame) -> None:
    """Print the rate of agreement at a third of the train FLOPs, for both readings."""
    for reading, part in third.groupby("reading", sort=False):
        names = list(part["strategy"].unique())
        table = [
            (source, *(text(mine.loc[mine["strategy"] == name, column]) for name in names))
            for source, mine in part.groupby("source", sort=False)
        ]
        title = f"At a third of the train FLOPs, read by {reading}: {what}"
        print_table(title, ("same as the full grid, %", *names), table, NOTE)


def print_least(rows: pd.DataFrame) -> None:
    """Print the smallest share from which on the decision agrees with the full grid's often enough."""
    found = curves(rows)
    table = [
        (source, *(least_share(part[part["source"] == source]) for part in found.values()))
        for source in rows["source"].unique()
    ]
    title = (
        f"Share of the train FLOPs from which on {ASKED:.0%} of repetitions have the full grid's verdicts, %"
    )
    note = f"Of the shares that were looked at; {OURS} read by {FORESIGHT}, the others by {PAIRS}"
    print_table(title, ("source", *found), table, note)


def least_share(rows: pd.DataFrame) -> str:
    """That share in percent, for the verdicts that the full grid decides; `-` where it decides none."""
    rates = [(share, Rate.of(part["decided"])) for share, part in rows.groupby("share")]
    if not any(rate.n for _, rate in rates):
        return "-"
    missed = [place for place, (_, rate) in enumerate(rates) if rate.count < ASKED * rate.n]
    first = missed[-1] + 1 if missed else 0
    return f"{100 * rates[first][0]:.0f}" if first < len(rates) else f"> {100 * rates[-1][0]:.0f}"


def print_numbers(third: pd.DataFrame) -> None:
    """Print rates and sizes of the mistakes, over all sources."""
    table = [
        (
            f"{name}, by {reading}",
            text(part["wrong"]),
            *(f"{part[column].median():.2f} ({part[column].count()})" for column in ("crossover", "cap")),
            f"{part['regret'].mean():.2f}",
            f"{part['regret'].quantile(0.95):.2f}",
        )
        for (name, reading), part in third.groupby(["strategy", "reading"], sort=False)
    ]
    columns = ("strategy", "wrong, %", "crossover off", "cap off", "regret", "its 95th percentile")
    note = (
        "wrong: a verdict that the full grid decides is decided otherwise; off: by which factor, the median "
        "over the repetitions in which both name one (their number); regret of the family in points"
    )
    print_table("At a third of the train FLOPs, all sources together", columns, table, note)


def print_stops(ours: pd.DataFrame) -> None:
    """Print the spending and agreement of ours where it stops by itself."""
    table = [
        (
            source,
            f"{100 * part['spent'].mean():.0f}",
            f"{100 * part['spent'].quantile(0.9):.0f}",
            *(text(part[column]) for column in ("decided", "all", "wrong")),
            f"{part['regret'].mean():.2f}",
        )
        for source, part in ours.groupby("source", sort=False)
    ]
    columns = (
        "source",
        "spent, %",
        "90th percentile",
        "same where decided, %",
        "all, %",
        "wrong, %",
        "regret",
    )
    note = f"spent: share of the train FLOPs, the mean; {NOTE}"
    print_table(f"Where “{OURS}” stops by itself", columns, table, note)


def print_rules(third: pd.DataFrame) -> None:
    """Print the agreement of ours for each rule, and where the full grid decides it."""
    table = []
    for source, part in third.groupby("source", sort=False):
        for rule in sorted(_rules(part), key=lambda name: (name.partition("@")[0], len(name), name)):
            same, decides = part[f"rule:{rule}"], part[f"decides:{rule}"].astype(bool)
            table.append((source, rule, f"{100 * decides.mean():.0f}", text(same[decides]), text(same)))
    columns = ("source", "rule", "the full grid decides, %", "same where it does, %", "same, %")
    print_table(f"“{OURS}” at a third, read by {FORESIGHT}: each rule", columns, table, NOTE)


def _rules(rows: pd.DataFrame) -> list[str]:
    columns = [name for name in rows if name.startswith("rule:") and rows[name].notna().any()]
    return [name.removeprefix("rule:") for name in columns]


def text(answers: pd.Series) -> str:
    """`95 (93, 97)`, in percent."""
    rate = Rate.of(answers)
    if not rate.n:
        return "-"
    low, high = rate.ci95
    return f"{100 * rate.count / rate.n:.0f} ({low:.0f}, {high:.0f})"
