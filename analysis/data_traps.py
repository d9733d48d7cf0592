"""Traps of the data: what is wrong with the rows, whatever rule is drawn from them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.noise import GROUP
from analysis.table import AXES, EXTRAPOLATED_SD, STOPPED
from analysis.taught import BASELINE
from analysis.trap import Basis, Trap
from scaling.quantity import counted

FEW_SEEDS = 3
SHORT_EPOCHS = 100
"""In the published ResNet study the order of depth and width turns between 10 and 100 epochs."""
SMALL_PX = 128
"""The smallest images of that study."""
SMALL_RANGE = 10.0
"""A rule drawn from less than this ratio of FLOPs says little about models of another size."""
MAX_TOLD = 5
"""Of a recipe that changes along an axis of more values, the names are told and the values are not."""
FEWEST_FLOPS = 1e4
"""Of networks that see images: the LeNet of 1998 takes 8e5."""
REPLAYED = "replayed"
"""Column of a study's rows: the table that a point was answered from."""
SUSPECT_SPREADS, SUSPECT_POINTS = 8.0, 3.0
"""A run that is worse than the median of its repeats by so many spreads, and points, is suspect."""


def replayed(evidence: Basis) -> Iterator[Trap]:
    rows = evidence.table.usable
    tables = rows[REPLAYED].dropna() if REPLAYED in rows else ()
    if len(tables):
        yield Trap(
            "replayed_points",
            f"{len(tables)} of {counted(len(rows), 'completed point')} were not trained here but "
            f"replayed from {'; '.join(sorted(set(tables)))}.",
        )


def unit(evidence: Basis) -> Iterator[Trap]:
    most = evidence.groups["flops"].max()
    if most < FEWEST_FLOPS:
        yield Trap(
            "flops_too_few",
            f"FLOPs are {most:g} at most, too few for a network that sees images: if they are GFLOPs or "
            "MFLOPs, so is what is printed of them, and so must budgets be.",
        )


def left_out(evidence: Basis) -> Iterator[Trap]:
    rows = evidence.table.rows
    failed = rows[(rows["status"] == "failed") & (rows["left_out"] != STOPPED)]
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


def stopped(evidence: Basis) -> Iterator[Trap]:
    rows = evidence.table.rows[evidence.table.rows["left_out"] == STOPPED]
    if len(rows):
        models = rows[list(AXES)].drop_duplicates()
        named = "; ".join(
            ", ".join(f"{axis} {model[axis]:g}" for axis in AXES)
            for model in models[:MAX_TOLD].to_dict("records")
        )
        more = f"; and {len(models) - MAX_TOLD} more" if len(models) > MAX_TOLD else ""
        were = "was" if len(rows) == 1 else "were"
        yield Trap(
            "stopped_early",
            f"{counted(len(rows), 'point')} {were} stopped early ({named}{more}): accuracies extrapolated "
            f"from the curves, to {rows[EXTRAPOLATED_SD].median():.2g} points of standard deviation, stand "
            "for them in rules and laws, and in no frontier.",
        )


def without_baseline(evidence: Basis) -> Iterator[Trap]:
    rows = evidence.table.usable
    if BASELINE not in rows:
        return
    alone = int((rows[BASELINE].notna() & ~rows[BASELINE].isin(rows["point"])).sum())
    if alone:
        yield Trap(
            "students_without_baseline",
            f"What pseudo-labels gain is not told of {counted(alone, 'student')}, as the same point without "
            "them has no result: pseudo.ratio=0 trains it.",
        )


def unmarked(evidence: Basis) -> Iterator[Trap]:
    out = evidence.diverged
    if len(out):
        worst = out.iloc[int(out["error"].argmax())]
        model = ", ".join(f"{axis} {worst[axis]:g}" for axis in AXES)
        yield Trap(
            "diverged_models_left_out",
            f"Left out of every number, being far worse than all models around: {counted(len(out), 'model')} "
            f"({model}: {worst['error']:.1f} % error).",
        )


def suspects(evidence: Basis) -> Iterator[Trap]:
    """Completed runs that are far worse than the repeats of the same model: they may not have converged."""
    usable = evidence.table.usable
    middle = usable.groupby(list(GROUP))["error"].transform("median")
    excess = usable["error"] - middle
    spread = 1.4826 * float(excess.abs()[excess != 0].median())
    suspects = (
        usable[excess > max(SUSPECT_SPREADS * spread, SUSPECT_POINTS)] if spread > 0 else usable.iloc[:0]
    )
    if len(suspects):
        worst = suspects.iloc[int(suspects["error"].argmax())]
        model = ", ".join(f"{axis} {worst[axis]:g}" for axis in (*AXES, "seed"))
        yield Trap(
            "suspect_runs",
            f"{counted(len(suspects), 'completed run')} may not have converged, being far worse than repeats "
            f"of the same model ({model}: {worst['error']:.1f} % error); they are in every number.",
        )


def seeds(evidence: Basis) -> Iterator[Trap]:
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
        }.get(noise.kind, "; nothing here can be told from chance")
        yield Trap(code, f"{what}: seed noise is unknown{how}.")
    few = int((groups["num_seeds"] < FEW_SEEDS).sum())
    if few:
        yield Trap("few_seeds", f"{few} of {len(groups)} models have fewer than {FEW_SEEDS} seeds.")


def duplicates(evidence: Basis) -> Iterator[Trap]:
    copies = int(evidence.table.usable.duplicated([*GROUP, "seed"]).sum())
    if copies:
        yield Trap(
            "duplicate_rows",
            f"{counted(copies, 'row')} too many of one model and seed: averaged, not counted twice.",
        )


def cost(evidence: Basis) -> Iterator[Trap]:
    unknown = int(evidence.groups["flops"].isna().sum())
    if unknown:
        yield Trap(
            "flops_missing",
            f"{unknown} of {len(evidence.groups)} models have no flops: without that column depth, width and "
            "resolution cannot be compared at equal cost.",
        )


def short_runs(evidence: Basis) -> Iterator[Trap]:
    longest = evidence.groups["epochs"].max()
    if longest < SHORT_EPOCHS:
        yield Trap(
            "short_runs_only",
            f"The longest runs have {counted(longest, 'epoch')}: in longer training depth and width may "
            f"change places (in the published ResNet study they do so between 10 and {SHORT_EPOCHS} epochs).",
        )


def small(evidence: Basis) -> Iterator[Trap]:
    largest, flops = evidence.groups["resolution"].max(), evidence.groups["flops"]
    if largest < SMALL_PX:
        yield Trap(
            "small_images", f"The largest images have {largest} px: rules about larger ones are a guess."
        )
    if flops.notna().any() and flops.max() < SMALL_RANGE * flops.min():
        ratio = flops.max() / flops.min()
        yield Trap(
            "small_range", f"The most expensive model has only {ratio:.1f} times the FLOPs of the cheapest."
        )


def recipe(evidence: Basis) -> Iterator[Trap]:
    usable = evidence.table.usable
    recipe = [str(column) for column in usable if str(column).startswith("recipe.")]
    for axis in ("epochs", "width", "depth", "resolution"):
        changing = [column for column in recipe if _follows(usable, column, axis)]
        if changing:
            how = "; ".join(
                f"{column.removeprefix('recipe.')}{_values(usable, column, axis)}" for column in changing
            )
            yield Trap(
                "regularisation_changes_along_axis",
                f"The recipe changes with {axis} ({how}): an effect of {axis} may be one of the recipe.",
            )


def _values(rows: pd.DataFrame, column: str, axis: str) -> str:
    """`: none at 10 and 100, more at 350`, where each value of the axis has one value, and there are few."""
    cells = rows[rows[column].notna()].groupby(axis)[column].agg(lambda cell: sorted(set(cell.astype(str))))
    if len(cells) > MAX_TOLD or (cells.map(len) > 1).any():
        return ""
    told: dict[str, list[str]] = {}
    for at, values in cells.items():
        told.setdefault(values[0], []).append(f"{at:g}")
    return ": " + ", ".join(f"{value} at {' and '.join(places)}" for value, places in told.items())


def _follows(rows: pd.DataFrame, column: str, axis: str) -> bool:
    """Do the recipe's values differ between rows that differ in this axis, all other axes being the same?"""
    others = [other for other in AXES if other != axis]
    known = rows[rows[column].notna()]
    values = known[column].astype(str).groupby([known[name] for name in (*others, axis)])
    seen = values.agg(lambda cell: "|".join(sorted(set(cell))))
    return bool((seen.groupby(level=others).nunique() > 1).any())


def edge(evidence: Basis) -> Iterator[Trap]:
    groups = evidence.groups
    best = groups.iloc[int(groups["error"].argmin())]
    edges = []
    for axis in AXES:
        values = groups[axis]
        if values.nunique() > 1 and best[axis] in (values.min(), values.max()):
            edges.append(f"{'largest' if best[axis] == values.max() else 'smallest'} {axis} {best[axis]:g}")
    if edges:
        yield Trap(
            "optimum_at_edge",
            f"The best model has the {' and the '.join(edges)} measured: the optimum may lie beyond.",
        )


def evaluation(evidence: Basis) -> Iterator[Trap]:
    usable = evidence.table.usable
    sets = sorted(usable["evaluated_on"].dropna().unique()) if "evaluated_on" in usable else []
    if len(sets) > 1:
        yield Trap(
            "mixed_evaluation",
            f"Accuracies are of {len(sets)} sets of images ({', '.join(sets)}): those of one are never "
            "paired with those of another, but the frontier mixes them.",
        )


def missing(evidence: Basis) -> Iterator[Trap]:
    for data, rows in evidence.table.rows.groupby("data"):
        cells = int(np.prod([rows[axis].nunique() for axis in AXES]))
        done = len(rows[rows["left_out"].isna()][list(AXES)].drop_duplicates())
        if done < cells:
            where = f" of {data!s}" if data else ""
            yield Trap(
                "missing_cells",
                f"{cells - done} of {cells} cells of the grid{where} have no completed point.",
            )
