"""A trap: a way in which these data could mislead, told as a warning with a code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.ladder import MAX_GAP
from analysis.law.choose import Choice
from analysis.noise import GROUP, Noise
from analysis.pairs import Pairs
from analysis.table import AXES, Table
from scaling.quantity import counted

FEW_SEEDS = 3
SHORT_EPOCHS = 100
"""In the published ResNet study the order of depth and width turns between 10 and 100 epochs."""
SMALL_PX = 128
"""The smallest images of that study."""
SMALL_RANGE = 10.0
"""A rule drawn from less than this ratio of FLOPs says little about models of another size."""


@dataclass(frozen=True)
class Trap:
    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a trap may look at."""

    table: Table
    groups: pd.DataFrame
    noise: Noise
    pairs: Pairs
    elsewhere: tuple[Pairs, ...]
    """The same at the other costs that are known."""
    choice: Choice


def traps(evidence: Evidence) -> tuple[Trap, ...]:
    """All warnings that apply, in a fixed order."""
    return tuple(trap for check in CHECKS for trap in check(evidence))


def _law(evidence: Evidence) -> Iterator[Trap]:
    law = evidence.choice.law
    if law is None:
        yield Trap("no_law_fitted", f"{evidence.choice.reason} The exponents are undetermined.")
        return
    missed = evidence.choice.chosen_rmse
    yield Trap(
        "extrapolation",
        "Beyond the measured range the law is a guess: fitted on cheaper models only, it missed the dearer "
        f"ones by {missed:.2f} points.",
    )
    found = law.diagnostics
    if found.num_agreeing < 2:
        yield Trap(
            "law_not_converged",
            f"One of {found.num_starts} starts found the minimum of the law's fit: there may be a lower one.",
        )
    if "E" in found.degenerate:
        yield Trap("degenerate_floor", "These models show no floor of the error: the law's own is a guess.")
    if found.at_bound:
        yield Trap("law_at_bound", f"Exponents at the end of their range: {', '.join(found.at_bound)}.")
    if law.outliers:
        yield Trap(
            "law_left_out",
            f"Left out of the law, far from all others: {counted(len(law.outliers), 'model')}.",
        )


def _seeds(evidence: Evidence) -> Iterator[Trap]:
    groups, noise = evidence.groups, evidence.noise
    repeated = groups[groups["num_seeds"] >= 2]
    if noise.kind != "seeds":
        copies = len(repeated) > 0
        code = "identical_repeats" if copies else "no_repeats"
        what = (
            "All repeats agree to the last digit, so they are copies"
            if copies
            else "No model was trained twice"
        )
        how = {
            "declared": "; intervals come from what the source declares a re-run to move",
            "interaction": "; intervals come from the interaction of architecture and resolution, if "
            "anything too wide",
        }.get(noise.kind, "; nothing here can be told from luck")
        yield Trap(code, f"{what}: seed noise is unknown{how}.")
    few = int((groups["num_seeds"] < FEW_SEEDS).sum())
    if few:
        yield Trap("few_seeds", f"{few} of {len(groups)} models have fewer than {FEW_SEEDS} seeds.")


def _duplicates(evidence: Evidence) -> Iterator[Trap]:
    copies = int(evidence.table.usable.duplicated([*GROUP, "seed"]).sum())
    if copies:
        yield Trap(
            "duplicate_rows",
            f"{counted(copies, 'row')} too many of one model and seed: averaged, not counted twice.",
        )


def _cost(evidence: Evidence) -> Iterator[Trap]:
    unknown = int(evidence.groups["flops"].isna().sum())
    if unknown:
        yield Trap(
            "flops_missing",
            f"{unknown} of {len(evidence.groups)} models have no flops: without that column depth, width and "
            "resolution cannot be compared at equal cost.",
        )


def _short_runs(evidence: Evidence) -> Iterator[Trap]:
    longest = evidence.groups["epochs"].max()
    if longest < SHORT_EPOCHS:
        yield Trap(
            "short_runs_only",
            f"The longest runs have {counted(longest, 'epoch')}: in longer training depth and width may "
            f"change places (in the published ResNet study they do so between 10 and {SHORT_EPOCHS} epochs).",
        )


def _small(evidence: Evidence) -> Iterator[Trap]:
    largest, flops = evidence.groups["resolution"].max(), evidence.groups["flops"]
    if largest < SMALL_PX:
        yield Trap(
            "small_images", f"The largest images have {largest} px: rules about larger ones are a guess."
        )
    if flops.notna().any() and flops.max() < SMALL_RANGE * flops.min():
        ratio = flops.max() / flops.min()
        yield Trap("small_range", f"The dearest model has only {ratio:.1f} times the FLOPs of the cheapest.")


def _one_base(evidence: Evidence) -> Iterator[Trap]:
    bases = evidence.pairs.table[["depth", "width"]].drop_duplicates()
    if len(bases) == 1:
        depth, width = bases.iloc[0]
        yield Trap(
            "one_base_architecture",
            f"All pairs start from one model (depth {depth:g}, width {width:g}): another may say otherwise.",
        )


def _other_bases(evidence: Evidence) -> Iterator[Trap]:
    """Verdicts that hold from the bases they rest on, and turn from another."""
    for regime in evidence.pairs.regimes:
        rivals = {"depth": ["width"], "width": ["depth"], "undecided": ["depth", "width"]}[regime.prefer]
        others = [
            base
            for base in evidence.pairs.by_base
            if base.epochs == regime.epochs and base.prefer in rivals and base.bases[0] not in regime.bases
        ]
        if others:
            named = "; ".join(
                f"depth {depth:g} and width {width:g}: {base.prefer} by {abs(base.advantage_points):.1f}"
                for base in others
                for depth, width in base.bases
            )
            yield Trap(
                "verdict_depends_on_base",
                f"At {counted(regime.epochs, 'epoch')} the verdict is {regime.prefer}, but not from every "
                f"model ({named}): it is about the models that all regimes start from.",
            )


def _other_costs(evidence: Evidence) -> Iterator[Trap]:
    for pairs in evidence.elsewhere:
        others = {regime.epochs: regime for regime in pairs.regimes}
        for regime in evidence.pairs.regimes:
            other = others.get(regime.epochs)
            if other is not None and other.prefer != regime.prefer:
                yield Trap(
                    "verdict_depends_on_cost",
                    f"At {counted(regime.epochs, 'epoch')} the verdict is {regime.prefer} for the same "
                    f"{evidence.pairs.cost.label}, and {other.prefer} for the same {pairs.cost.label}.",
                )


def _left_out(evidence: Evidence) -> Iterator[Trap]:
    rows = evidence.table.rows
    failed = rows[rows["status"] == "failed"]
    if len(failed):
        classes = failed["failure"].fillna("unknown").value_counts().sort_index()
        named = ", ".join(f"{count} {name}" for name, count in classes.items())
        yield Trap(
            "failed_points_left_out",
            f"Left out of every number, because it failed: {named}.",
        )
    blind = int((rows["left_out"] == "no_accuracy").sum())
    if blind:
        yield Trap(
            "no_accuracy", f"Left out for want of a finite accuracy: {counted(blind, 'completed point')}."
        )


def _settings(evidence: Evidence) -> Iterator[Trap]:
    usable, groups = evidence.table.usable, evidence.groups
    num_settings = len(groups[["data", "setting"]].drop_duplicates())
    if num_settings > 1:
        used = ", ".join(f"{regime.setting} at {regime.epochs:g} epochs" for regime in evidence.pairs.regimes)
        yield Trap(
            "mixed_settings",
            f"There are {num_settings} settings (model, data, recipe): they are never paired with another, "
            f"and each verdict is about the one with most pairs{f' ({used})' if used else ''}.",
        )
    for axis in ("epochs", "width", "depth", "resolution"):
        changing = [
            column
            for column in usable
            if str(column).startswith("recipe.") and _follows(usable, str(column), axis)
        ]
        if changing:
            names = ", ".join(str(column).removeprefix("recipe.") for column in changing)
            yield Trap(
                "regularisation_changes_along_axis",
                f"The recipe changes with {axis} ({names}): an effect of {axis} may be one of the recipe.",
            )


def _follows(rows: pd.DataFrame, column: str, axis: str) -> bool:
    """Do the recipe's values differ between rows that differ in this axis, all other axes being the same?"""
    others = [other for other in AXES if other != axis]
    known = rows[rows[column].notna()]
    values = known[column].astype(str).groupby([known[name] for name in (*others, axis)])
    seen = values.agg(lambda cell: "|".join(sorted(set(cell))))
    return bool((seen.groupby(level=others).nunique() > 1).any())


def _edge(evidence: Evidence) -> Iterator[Trap]:
    groups = evidence.groups
    best = groups.iloc[int(groups["error"].argmin())]
    edges = [
        f"{axis} {best[axis]:g}"
        for axis in AXES
        if groups[axis].nunique() > 1 and best[axis] == groups[axis].max()
    ]
    if edges:
        yield Trap(
            "optimum_at_edge",
            f"The best model has the largest {' and '.join(edges)} measured: the optimum may lie beyond.",
        )


def _noise_large(evidence: Evidence) -> Iterator[Trap]:
    groups, noise = evidence.groups, evidence.noise
    spread = float(groups["error"].std()) if len(groups) > 1 else 0.0
    typical = float(np.median(noise.sd(groups["error"].to_numpy(dtype=float))))
    if noise.known and typical > spread:
        yield Trap(
            "noise_larger_than_effect",
            f"Seeds move the error by {typical:.2f} points, all knobs together only by {spread:.2f}.",
        )
    for regime in evidence.pairs.regimes:
        if regime.ci95 is not None and regime.prefer == "undecided" and not regime.pairs_disagree:
            width = (regime.ci95[1] - regime.ci95[0]) / 2
            if abs(regime.advantage_points) < width:
                yield Trap(
                    "noise_larger_than_effect",
                    f"At {regime.epochs:g} epochs the interval (±{width:.2f} points) is wider than the "
                    f"difference of depth and width ({abs(regime.advantage_points):.2f}): add seeds.",
                )


def _disagree(evidence: Evidence) -> Iterator[Trap]:
    for regime in evidence.pairs.regimes:
        if regime.pairs_disagree:
            yield Trap(
                "pairs_disagree",
                f"At {regime.epochs:g} epochs depth is better in some pairs and width in others, beyond "
                "noise: read the table of pairs, their mean is no rule.",
            )


def _missing(evidence: Evidence) -> Iterator[Trap]:
    for data, rows in evidence.table.rows.groupby("data"):
        cells = int(np.prod([rows[axis].nunique() for axis in AXES]))
        done = len(rows[rows["left_out"].isna()][list(AXES)].drop_duplicates())
        if done < cells:
            where = f" of {data!s}" if data else ""
            yield Trap(
                "missing_cells",
                f"{cells - done} of {cells} cells of the grid{where} have no completed point.",
            )


def _no_pairs(evidence: Evidence) -> Iterator[Trap]:
    groups = evidence.groups
    if evidence.pairs.regimes or groups["flops"].isna().all():
        return
    yield Trap(
        "no_pairs",
        "No depth and width can be compared at equal FLOPs: that needs models differing in depth only and "
        f"in width only, from one base, whose FLOPs overlap in steps of at most {MAX_GAP:g} times.",
    )


CHECKS: tuple[Callable[[Evidence], Iterator[Trap]], ...] = (
    _left_out,
    _seeds,
    _noise_large,
    _disagree,
    _other_bases,
    _other_costs,
    _cost,
    _no_pairs,
    _short_runs,
    _small,
    _one_base,
    _settings,
    _edge,
    _duplicates,
    _missing,
    _law,
)
