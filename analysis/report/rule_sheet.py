"""The sheets of the rules: pairs of depth and width, steps of the resolution, and steps that pay or hurt."""

from __future__ import annotations

import pandas as pd

from analysis.findings import Findings
from analysis.model import UNITS, points_text
from analysis.resolution.steps import RIVALS
from analysis.sheet import MAX_ROWS, Sheet


def pair_sheet(findings: Findings) -> Sheet:
    """Every comparison of depth and width at equal cost."""
    table, groups, cost = findings.pairs.table, findings.compared, findings.pairs.cost
    rows = []
    for _, row in table.iloc[:MAX_ROWS].iterrows():
        ci95 = None if pd.isna(row["low"]) else (row["low"], row["high"])
        deep, wide = (
            _spot(groups, row, side, axis) for side, axis in (("axis", "depth"), ("rival", "width"))
        )
        base = f"depth {row['depth']:g} × width {row['width']:g}"
        advantage = points_text(row["advantage_points"], ci95)
        rows.append(
            (
                f"{row['epochs']:g}",
                f"{row['resolution']:g}",
                base,
                cost.text(row[cost.column]),
                deep,
                wide,
                advantage,
            )
        )
    note = "Positive: depth is better. From x to y: the error is interpolated between two measured models."
    head = ("epochs", "px", "from", cost.label, "deeper", "wider", "advantage")
    return Sheet(f"Depth against width at equal {cost.full_label}", note, head, rows, len(table), "pairs")


def _spot(groups: pd.DataFrame, row: pd.Series, side: str, axis: str) -> str:
    low, high = (groups[axis].iloc[int(row[f"{side}_{end}"])] for end in ("low", "high"))
    if low == high or row[f"{side}_weight"] in (0.0, 1.0):
        return f"{axis} {low if row[f'{side}_weight'] < 1 else high:g}"
    return f"{axis} {low:g} to {high:g}"


def resolution_sheet(findings: Findings) -> Sheet:
    """What each step of the resolution gains and costs, and its advantage over depth and width at equal
    FLOPs."""
    rows = []
    for step in findings.resolution.steps:
        against = {each.axis: points_text(each.advantage_points, each.ci95) for each in step.rivals}
        rows.append(
            (
                f"{step.epochs:g}",
                f"{step.from_px} → {step.to_px}",
                points_text(step.points, step.ci95),
                "" if step.flops_ratio is None else f"{step.flops_ratio:.2f}",
                *(against.get(axis, "") for axis in RIVALS),
                str(step.num_architectures),
            )
        )
    rivals = [f"against {axis}" for axis in RIVALS]
    head = ("epochs", "step (px)", "gain per doubling", "times FLOPs", *rivals, "models")
    note = "At the same model and epochs; against depth and width, at the same FLOPs."
    return Sheet("Resolution", note, head, rows, topic="resolution")


def returns_sheet(findings: Findings) -> Sheet:
    """Every step of one axis whose gain or loss is decided, longest runs last."""
    decided = [each for each in findings.returns if each.verdict != "undecided"]
    rows = [
        (
            each.axis,
            f"{each.from_value:g} → {each.to_value:g}",
            ", ".join(UNITS[axis](value) for axis, value in each.at.items()),
            points_text(each.points, each.ci95),
            each.verdict,
        )
        for each in decided[:MAX_ROWS]
    ]
    note = (
        f"{len(decided)} of {len(findings.returns)} steps to the next value measured are decided beyond "
        "noise, at 5 % shared among all of them, whatever they cost."
    )
    head = ("axis", "step", "at", "gain", "verdict")
    return Sheet("Steps that pay or hurt", note, head, rows, len(decided), "returns")
