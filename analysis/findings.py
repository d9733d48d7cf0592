"""Findings: everything that is learned from one table, from the groups to the warnings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from analysis.apart import settings_apart
from analysis.diverged import diverged
from analysis.frames.frames import Frames, frames_rule
from analysis.frontier.frontier import Frontier, frontier
from analysis.law.choose import Choice, choose, largest_setting
from analysis.law.exponents import Exponents, exponents
from analysis.law.law import Law
from analysis.methods.additive import Ladder, additive_study
from analysis.methods.weight_decay import Interplay, interplay
from analysis.metric import COSTS, LATENCY, PRICES, Metric
from analysis.noise import Floats, Noise, group_seeds
from analysis.noise_estimate import noise_of
from analysis.pairs.agreement import Agreement, agreements
from analysis.pairs.pairs import Pairs, depth_against_width
from analysis.prediction.prediction import Prediction, prediction
from analysis.pseudo_labels.pseudo_labels import PseudoLabelGains, pseudo_label_gains
from analysis.replicates import draw_errors
from analysis.resolution.resolution import Resolution, resolution_rule
from analysis.returns import Return, returns
from analysis.speedup.at_equal_accuracy import AtEqualAccuracy, at_equal_accuracy, check_families
from analysis.suggest.partial import foreseen
from analysis.suggest.suggest import Suggestion
from analysis.table import Table
from analysis.thin import thinned, thinned_alike
from analysis.transfer.transfer import Transfer, transfers
from analysis.traps.trap import Trap
from analysis.traps.traps import Evidence, traps
from scaling.errors import Refused


@dataclass(frozen=True, kw_only=True)
class Findings:
    table: Table
    groups: pd.DataFrame
    """One row per model (setting, depth, width, resolution, epochs), the mean over its seeds. Models that
    diverged are left out; those that were stopped early have extrapolated errors."""
    compared: pd.DataFrame
    """The groups that rules and the law rest on: all, or an even subset of very many (`thin.thinned`)."""
    rivals: pd.DataFrame
    """The groups by which families are compared: all that were not stopped, or equally many of each setting
    where there are very many."""
    noise: Noise
    """Noise behind all intervals."""
    replicates: int
    """Number of bootstrap replicates behind all intervals; 0 when the noise is unknown."""
    frontiers: dict[str, Frontier]
    """Frontiers by the name of the cost."""
    pairs: Pairs
    """Pairs at the cost asked for, else at that of the source."""
    resolution: Resolution
    frames: Frames | None
    """Rule about the frames of clips; None where they do not vary."""
    returns: tuple[Return, ...]
    choice: Choice
    """The choice of the law, and its reason."""
    agreements: tuple[Agreement, ...]
    """Agreements of the law and the pairs, one per regime."""
    exponents: Exponents
    traps: tuple[Trap, ...]
    at_equal_accuracy: AtEqualAccuracy
    """What families cost where they reach the same accuracy."""
    transfers: tuple[Transfer, ...]
    """One for each task; empty where no point starts from another."""
    prediction: Prediction | None
    """Comparison of predicted and actual hours; None where none were predicted."""
    pseudo_labels: PseudoLabelGains | None
    """What pseudo-labels gain; None where nothing was trained on any."""
    methods: Ladder | None
    """Ladder of training methods; None where the table is not one."""
    weight_decay: Interplay | None
    """Weight decay crossed with regularisation; None where the table does not cross the two."""
    foreseen: Suggestion | None
    """What the whole grid would say; None where it is measured, or the source has no plan."""

    @property
    def law(self) -> Law | None:
        """The law; None where there is too little data or no form predicts, as `choice` says."""
        return self.choice.law


def find(table: Table, cost: str | None = None) -> Findings:
    """All findings from the usable rows.

    `cost`, one of `metric.PRICES`, is the cost at which depth and width are compared. Raises `Refused` when
    there are no usable rows.
    """
    groups, failed, noise = _models(table)
    compared = thinned(groups)
    draws = draw_errors(compared, noise)
    pairs, *elsewhere = (
        depth_against_width(compared, noise, draws, price)
        for price in _prices(table, groups, cost or table.compared_at)
    )
    rivals = thinned_alike(finished(groups))
    rival_draws = draws if rivals is compared else draw_errors(rivals, noise)
    choice = choose(compared, noise)
    evidence = Evidence(
        table=table,
        groups=groups,
        num_compared=len(compared),
        diverged=failed,
        noise=noise,
        pairs=pairs,
        elsewhere=tuple(elsewhere),
        choice=choice,
        agreements=agreements(choice.law, pairs, compared),
    )
    return Findings(
        table=table,
        groups=groups,
        compared=compared,
        rivals=rivals,
        noise=noise,
        replicates=0 if draws is None else len(draws),
        frontiers=_frontiers(table, groups, noise, draws if compared is groups else None),
        pairs=pairs,
        resolution=resolution_rule(compared, noise, draws),
        frames=frames_rule(compared, noise, draws),
        exponents=exponents(choice.law, largest_setting(compared)),
        returns=returns(compared, noise, draws),
        choice=choice,
        agreements=evidence.agreements,
        transfers=transfers(table),
        at_equal_accuracy=at_equal_accuracy(table, rivals, noise, rival_draws),
        traps=traps(evidence),
        prediction=prediction(table),
        pseudo_labels=pseudo_label_gains(table),
        methods=additive_study(table),
        weight_decay=interplay(table),
        foreseen=foreseen(table),
    )


def find_frontiers(table: Table) -> dict[str, Frontier]:
    """The frontiers alone, by the name of the cost, without the choice of a law. Raises as `find` does."""
    groups, _, noise = _models(table)
    return _frontiers(table, groups, noise)


def find_at_equal_accuracy(table: Table, base: str | None = None) -> AtEqualAccuracy:
    """The comparison of families at equal accuracy alone, against `base`. Raises as `find` does, and
    `Refused` where there are no two families."""
    groups, _, noise = _models(table)
    rivals = thinned_alike(finished(groups))
    check_families(table, rivals, base)
    return at_equal_accuracy(table, rivals, noise, draw_errors(rivals, noise), base)


def _models(table: Table) -> tuple[pd.DataFrame, pd.DataFrame, Noise]:
    """The models of the informative rows, those that diverged, and the noise of the former."""
    if table.usable.empty:
        raise Refused(f"{table.source} has no completed point{_why(table)}: there is nothing to report yet.")
    every = group_seeds(table.informative)
    failed = diverged(every)
    groups = every[~failed].reset_index(drop=True)
    return groups, every[failed], noise_of(table, groups)


def finished(groups: pd.DataFrame) -> pd.DataFrame:
    """The groups of which no seed was stopped early; the same frame if that is all of them."""
    stopped = groups["num_stopped"] > 0
    return groups[~stopped].reset_index(drop=True) if stopped.any() else groups


def _frontiers(
    table: Table, groups: pd.DataFrame, noise: Noise, draws: Floats | None = None
) -> dict[str, Frontier]:
    """Frontiers of what was trained to its end; `draws`, if given, are those of all groups."""
    ended = finished(groups)
    if draws is None or ended is not groups:
        groups, draws = ended, draw_errors(ended, noise)
    known, settings = _known(table, groups, COSTS), settings_apart(table.usable)
    found = {name: frontier(groups, noise, draws, cost) for name, cost in known.items()}
    return {name: replace(each, settings=settings) for name, each in found.items()}


def _known(table: Table, groups: pd.DataFrame, costs: dict[str, Metric]) -> dict[str, Metric]:
    """The costs that some group has; the latency says what it was measured on."""
    found = {name: cost for name, cost in costs.items() if groups[cost.column].notna().any()}
    if LATENCY.name in found:
        found[LATENCY.name] = replace(LATENCY, detail=table.latency_of)
    return found


def _prices(table: Table, groups: pd.DataFrame, first: str) -> list[Metric]:
    """The price named `first`, even if no group has it, then all others that some group has."""
    known = _known(table, groups, PRICES)
    others = [price for name, price in known.items() if name != first]
    return [known.get(first, PRICES[first]), *others]


def _why(table: Table) -> str:
    counts = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in table.left_out().items())
    rows = table.rows[table.rows["status"] == "failed"]
    classes = ", ".join(f"{n} {name}" for name, n in rows["failure"].fillna("unknown").value_counts().items())
    return f" ({counts}{f'; failures: {classes}' if classes else ''})" if counts else ""
