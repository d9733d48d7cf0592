"""Traps: all warnings about one table and the rules drawn from it, in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from analysis.law.choose import Choice
from analysis.noise import run_sd
from analysis.pairs.agreement import Agreement
from analysis.pairs.ladder import MAX_GAP
from analysis.pairs.pairs import Pairs
from analysis.traps import data_traps, grid_traps
from analysis.traps.trap import DataEvidence, Trap
from scaling.quantity import counted, listed


@dataclass(frozen=True, kw_only=True)
class Evidence(DataEvidence):
    """What a warning about the rules may use."""

    num_compared: int
    """Number of models that the rules rest on."""
    pairs: Pairs
    elsewhere: tuple[Pairs, ...]
    """The pairs at each of the other known costs."""
    choice: Choice
    agreements: tuple[Agreement, ...]


def traps(evidence: Evidence) -> tuple[Trap, ...]:
    """All warnings that apply, in a fixed order."""
    return tuple(trap for check in CHECKS for trap in check(evidence))


def _thinned(evidence: Evidence) -> Iterator[Trap]:
    if evidence.num_compared < len(evidence.groups):
        yield Trap(
            "thinned",
            f"Rules and the law rest on {evidence.num_compared} of {len(evidence.groups)} models, spread "
            "evenly over every axis: more take too long to compare. The frontiers use all of them.",
        )


def _law(evidence: Evidence) -> Iterator[Trap]:
    law = evidence.choice.law
    if law is None:
        yield Trap("no_law_fitted", f"{evidence.choice.reason} The exponents are undetermined.")
        return
    missed = evidence.choice.chosen_rmse
    yield Trap(
        "extrapolation",
        "Beyond the measured range the law is a guess: fitted on cheaper models only, it missed the more "
        f"expensive ones by {missed:.2f} points.",
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
    if law.undecided:
        yield Trap(
            "law_undecided",
            f"The data say little about {len(law.undecided)} of the law's {len(law.form.parameters)} "
            f"parameters ({', '.join(law.undecided)}): these rest on the prior, so the law "
            "predicts networks near the measured ones, but its parameters mean nothing.",
        )
    if law.outliers:
        yield Trap(
            "law_left_out",
            f"Left out of the law, far from all others: {counted(len(law.outliers), 'model')}.",
        )


def _law_and_pairs(evidence: Evidence) -> Iterator[Trap]:
    for each in evidence.agreements:
        if not each.agree:
            yield Trap(
                "law_and_pairs_disagree",
                f"At {counted(each.epochs, 'epoch')} the law makes depth minus width "
                f"{each.law_points:+.1f} points, the pairs {each.pairs_points:+.1f} "
                f"({each.pairs_ci95[0]:.1f}, {each.pairs_ci95[1]:.1f}): its form does not follow them there.",
            )


def _one_base(evidence: Evidence) -> Iterator[Trap]:
    bases = {base for regime in evidence.pairs.regimes for base in regime.bases}
    if len(bases) == 1:
        depth, width = bases.pop()
        yield Trap(
            "one_base_architecture",
            f"All pairs start from one model (depth {depth:g}, width {width:g}): another may say otherwise.",
        )


def _other_bases(evidence: Evidence) -> Iterator[Trap]:
    """Verdicts that hold from the bases they rest on, and are reversed from another."""
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


def _mixed_settings(evidence: Evidence) -> Iterator[Trap]:
    num_settings = len(evidence.groups[["data", "setting"]].drop_duplicates())
    if num_settings > 1:
        used = ", ".join(
            f"{regime.setting} at {counted(regime.epochs, 'epoch')}" for regime in evidence.pairs.regimes
        )
        sets = sorted(evidence.groups["data"].unique())
        apart = f"; the {len(sets)} data sets, {listed(sets)}, have a frontier each" if len(sets) > 1 else ""
        yield Trap(
            "mixed_settings",
            f"There are {num_settings} settings (model, data, recipe): different ones are never paired, "
            f"and each verdict is about the one with most pairs{f' ({used})' if used else ''}{apart}.",
        )


def _noise_large(evidence: Evidence) -> Iterator[Trap]:
    groups, noise = evidence.groups, evidence.noise
    spread = float(groups["error"].std()) if len(groups) > 1 else 0.0
    typical = float(np.median(run_sd(groups, noise)))
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
                    f"At {counted(regime.epochs, 'epoch')} the interval (±{width:.2f} points) is wider than "
                    f"the difference of depth and width ({abs(regime.advantage_points):.2f}): add seeds.",
                )


def _disagree(evidence: Evidence) -> Iterator[Trap]:
    for regime in evidence.pairs.regimes:
        if regime.pairs_disagree:
            yield Trap(
                "pairs_disagree",
                f"At {counted(regime.epochs, 'epoch')} depth is better in some pairs and width in others, "
                "beyond noise: read the table of pairs, their mean is no rule.",
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
    data_traps.replayed,
    data_traps.unit,
    data_traps.left_out,
    data_traps.stopped,
    data_traps.without_baseline,
    data_traps.unmarked,
    data_traps.suspects,
    data_traps.seeds,
    _noise_large,
    _disagree,
    _law_and_pairs,
    _other_bases,
    _other_costs,
    data_traps.cost,
    _no_pairs,
    grid_traps.short_runs,
    grid_traps.small,
    _one_base,
    _mixed_settings,
    grid_traps.recipe,
    data_traps.evaluation,
    grid_traps.edge,
    data_traps.duplicates,
    grid_traps.missing,
    _thinned,
    _law,
)
