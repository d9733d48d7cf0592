"""Traps of the data: what is wrong with the rows, whatever rule is drawn from them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from analysis.noise import GROUP
from analysis.pseudo_labels.pseudo_labels import BASELINE
from analysis.table import AXES, EXTRAPOLATED_SD, STOPPED
from analysis.traps.trap import DataEvidence, Trap
from scaling.quantity import counted

FEW_SEEDS = 3
MAX_TOLD = 5
"""Number of models whose axes one warning lists."""
FEWEST_FLOPS = 1e4
"""Fewest FLOPs plausible for networks on images: the LeNet of 1998 takes 8e5."""
REPLAYED = "replayed"
"""Column of a study's rows: the table from which a point was replayed."""
SUSPECT_SPREADS, SUSPECT_POINTS = 8.0, 3.0
"""A run is suspect if it is worse than the median of its repeats by this many spreads and this many
points."""


def replayed(evidence: DataEvidence) -> Iterator[Trap]:
    rows = evidence.table.usable
    tables = rows[REPLAYED].dropna() if REPLAYED in rows else ()
    if len(tables):
        yield Trap(
            "replayed_points",
            f"{len(tables)} of {counted(len(rows), 'completed point')} were not trained here but "
            f"replayed from {'; '.join(sorted(set(tables)))}.",
        )


def unit(evidence: DataEvidence) -> Iterator[Trap]:
    most = evidence.groups["flops"].max()
    if most < FEWEST_FLOPS:
        yield Trap(
            "flops_too_few",
            f"FLOPs are {most:g} at most, too few for a network on images: if they are GFLOPs or MFLOPs, "
            "all FLOPs printed here are too, and budgets must be.",
        )


def left_out(evidence: DataEvidence) -> Iterator[Trap]:
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


def stopped(evidence: DataEvidence) -> Iterator[Trap]:
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
            f"{counted(len(rows), 'point')} {were} stopped early ({named}{more}): rules and laws use "
            "accuracies extrapolated from the curves, with a standard deviation of "
            f"{rows[EXTRAPOLATED_SD].median():.2g} points, and frontiers leave them out.",
        )


def without_baseline(evidence: DataEvidence) -> Iterator[Trap]:
    rows = evidence.table.usable
    if BASELINE not in rows:
        return
    alone = int((rows[BASELINE].notna() & ~rows[BASELINE].isin(rows["point"])).sum())
    if alone:
        yield Trap(
            "students_without_baseline",
            f"The gain from pseudo-labels is unknown for {counted(alone, 'student')}, since the same point "
            "without them has no result: pseudo.ratio=0 trains it.",
        )


def unmarked(evidence: DataEvidence) -> Iterator[Trap]:
    out = evidence.diverged
    if len(out):
        worst = out.iloc[int(out["error"].argmax())]
        model = ", ".join(f"{axis} {worst[axis]:g}" for axis in AXES)
        yield Trap(
            "diverged_models_left_out",
            f"Left out of every number, being far worse than all models around: {counted(len(out), 'model')} "
            f"({model}: {worst['error']:.1f} % error).",
        )


def suspects(evidence: DataEvidence) -> Iterator[Trap]:
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
        counts = _whether_counted(suspects, evidence)
        yield Trap(
            "suspect_runs",
            f"{counted(len(suspects), 'completed run')} may not have converged, being far worse than repeats "
            f"of the same model ({model}: {worst['error']:.1f} % error); {counts}.",
        )


def _whether_counted(suspects: pd.DataFrame, evidence: DataEvidence) -> str:
    """Whether these runs are in the numbers: a model that is left out as diverged takes its runs with it."""
    out = pd.MultiIndex.from_frame(evidence.diverged[list(GROUP)])
    num_out = int(pd.MultiIndex.from_frame(suspects[list(GROUP)]).isin(out).sum())
    if not num_out:
        return "they are included in every number"
    if num_out == len(suspects):
        return "with the rest of their models they are left out of every number"
    return f"{num_out} of them, with the rest of their models, are left out of every number"


def seeds(evidence: DataEvidence) -> Iterator[Trap]:
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
            "declared": "; intervals come from the noise that the source declares",
            "interaction": "; intervals come from the interaction of architecture and resolution, if "
            "anything too wide",
        }.get(noise.kind, "; nothing here can be distinguished from chance")
        yield Trap(code, f"{what}: seed noise is unknown{how}.")
    few = int((groups["num_seeds"] < FEW_SEEDS).sum())
    if few:
        yield Trap("few_seeds", f"{few} of {len(groups)} models have fewer than {FEW_SEEDS} seeds.")


def duplicates(evidence: DataEvidence) -> Iterator[Trap]:
    copies = int(evidence.table.usable.duplicated([*GROUP, "seed"]).sum())
    if copies:
        yield Trap(
            "duplicate_rows",
            f"{counted(copies, 'row')} too many for a model and seed: averaged, not counted twice.",
        )


def cost(evidence: DataEvidence) -> Iterator[Trap]:
    unknown = int(evidence.groups["flops"].isna().sum())
    if unknown:
        yield Trap(
            "flops_missing",
            f"{unknown} of {len(evidence.groups)} models have no flops: without that column depth, width and "
            "resolution cannot be compared at equal cost.",
        )


def evaluation(evidence: DataEvidence) -> Iterator[Trap]:
    usable = evidence.table.usable
    sets = sorted(usable["evaluated_on"].dropna().unique()) if "evaluated_on" in usable else []
    if len(sets) > 1:
        yield Trap(
            "mixed_evaluation",
            f"Accuracies were measured on {len(sets)} sets of images ({', '.join(sets)}): pairs never mix "
            "them, but the frontier does.",
        )
