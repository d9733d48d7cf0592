"""Rates at which rules give false verdicts, give true verdicts, and have intervals that cover the truth.

    python -m benchmarks.rule_coverage --grids 1000

Every study has 4 depths x 3 widths x 3 resolutions x 3 epochs, 3 seeds (of uneven noise, also 1), noise of
0.2 points, and its own random truth; FLOPs are depth x width^2 x resolution^2. In each study, one regime, one
resolution of it (for a true verdict, one with enough pairs), one step and one return are checked, drawn at
random, or whether any of them is decided. Studies thus count as independent trials for the Clopper-Pearson
intervals. The true advantage at a pair is that of the truth at networks of exactly the pair's cost, where the
tool interpolates.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.noise import Interval
from analysis.pairs.crossover import zero
from analysis.pairs.selection import MIN_PAIRS
from analysis.resolution.resolution import Step
from analysis.returns import Return
from benchmarks.law_truths import (
    VALUES,
    Truth,
    fading,
    sum_of_powers,
    turning,
    with_overfitting,
    with_regimes,
)
from benchmarks.rates import Rate
from benchmarks.simulated_studies import (
    Generator,
    Kind,
    Study,
    flops_alone,
    nothing_matters,
    simulated,
    true_advantage,
    with_bonus,
    with_step,
    with_turn,
)
from scaling.quantity import counted

Item = TypeVar("Item")
Ask = Callable[[Study, Kind, Generator], dict[str, bool]]
REPLICATES = 4000
"""As many as in a report: all studies share the draws, so the error of fewer would not average out."""
PAIRWISE = {
    "any regime": "undecided",
    "any resolution": "undecided",
    "crossover": "undetermined",
    "resolution": "undecided",
}
NULLS = {
    "nothing matters": Kind(nothing_matters, PAIRWISE | {"any return": "undecided"}),
    "FLOPs alone matter": Kind(flops_alone, PAIRWISE),
    "noise grows with size": Kind(flops_alone, PAIRWISE, growth=0.4),
    "noise shrinks with size": Kind(flops_alone, PAIRWISE, growth=-0.4),
    "30 % of cells missing": Kind(flops_alone, PAIRWISE, missing=0.3),
    "10 % of runs diverged": Kind(flops_alone, PAIRWISE, diverged=0.1),
}
LOUD = [("width", 0.5, 20.0), ("width", 1.5, 20.0), ("width", 0.5, 5.0), ("width", 1.5, 5.0)]
LOUD += [("depth", 26.0, 20.0), ("depth", 200.0, 20.0), ("epochs", 10.0, 20.0)]
UNEVEN = {
    f"{loud[2]:g} times the noise at {loud[0]} {loud[1]:g}, {counted(seeds, 'seed')}": Kind(
        flops_alone, PAIRWISE, loud=loud, num_seeds=seeds
    )
    for seeds in (3, 1)
    for loud in LOUD
}
EFFECTS = {
    "depth, 0.5 points": Kind(
        partial(with_bonus, "depth", 0.5), {"depth or width": "depth", "at one resolution": "depth"}
    ),
    "width, 0.5 points": Kind(
        partial(with_bonus, "depth", -0.5), {"depth or width": "width", "at one resolution": "width"}
    ),
    "depth, 0.5 points, noise grows": Kind(
        partial(with_bonus, "depth", 0.5),
        {"depth or width": "depth", "at one resolution": "depth"},
        growth=0.4,
    ),
    "depth, 0.5 points, 30 % missing": Kind(
        partial(with_bonus, "depth", 0.5),
        {"depth or width": "depth", "at one resolution": "depth"},
        missing=0.3,
    ),
    "-0.5 to +0.5 points": Kind(partial(with_turn, 0.5), {"crossover": "inside_range"}),
    "resolution, +0.5 points": Kind(partial(with_bonus, "resolution", 0.5), {"resolution": "fast"}),
    "resolution, -0.5 points": Kind(partial(with_bonus, "resolution", -0.5), {"resolution": "slow"}),
    "one step, 1 point": Kind(partial(with_step, 1.0), {"one return": "pays"}),
}
FAINT = {"one step, 0.5 points": Kind(partial(with_step, 0.5), {"one return": "pays"})}
"""Three standard errors of a step: found in 86 % if tested alone, less often among all steps of a study."""


def _truth(law: Callable[[Generator], tuple[Truth, object]], generator: Generator) -> Truth:
    return law(generator)[0]


POWERS = partial(_truth, sum_of_powers)
COVERED = {
    "constant noise": Kind(POWERS),
    "noise grows with size": Kind(POWERS, growth=0.4),
    "noise shrinks with size": Kind(POWERS, growth=-0.4),
    "30 % of cells missing": Kind(POWERS, missing=0.3),
    "10 % of runs diverged": Kind(POWERS, diverged=0.1),
    "truth overfits": Kind(partial(_truth, with_overfitting)),
    "truth has regimes": Kind(partial(_truth, with_regimes)),
    "truth fades": Kind(partial(_truth, fading)),
    "truth turns": Kind(partial(_truth, turning)),
    "depth and width turn": Kind(partial(with_turn, 0.5)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--grids", type=int, default=1000, help="studies of each kind")
    parser.add_argument("--replicates", type=int, default=REPLICATES, help="replicates of the bootstrap")
    parser.add_argument("--kinds", default="", help="only kinds whose name contains this")
    parsed = parser.parse_args()
    grids, replicates = parsed.grids, parsed.replicates
    if not any(parsed.kinds in name for part in PARTS for name in part.kinds):
        parser.error(f"--kinds {parsed.kinds}: no kind has that in its name.")
    start = time.process_time()
    console = Console(width=170)
    for part in PARTS:
        kinds = [name for name in part.kinds if parsed.kinds in name]
        if not kinds:
            continue
        told = {name: answers(part, name, grids, replicates) for name in kinds}
        columns = list(dict.fromkeys(column for answer in told.values() for column in answer))
        asked = f"{part.asked[0]:g} to {part.asked[1]:g} asked" if part.asked else "nothing asked"
        table = Table("kind", *columns, title=f"{part.title}, % ({asked}), n={grids}")
        for name, answer in told.items():
            table.add_row(
                name,
                *(
                    Rate.of(answer[each]).marked(part.asked, part.touches) if each in answer else ""
                    for each in columns
                ),
            )
        console.print(table)
    console.print(
        f"{replicates} replicates, 95 % Clopper-Pearson intervals; ! where a rate is not as asked, or the "
        "interval of a coverage does not touch it; "
        f"{time.process_time() - start:.0f} s of one core ({platform.machine()}, {os.cpu_count()} cores)"
    )


def answers(part: Part, name: str, grids: int, replicates: int = REPLICATES) -> pd.DataFrame:
    """One row per study of a kind, one column per question; NaN where a study has no answer."""
    kind, first = part.kinds[name], zlib.crc32(f"{part.title} {name}".encode())
    generators = (np.random.default_rng((first, grid)) for grid in range(grids))
    return pd.DataFrame(
        [part.ask(simulated(kind, generator, replicates), kind, generator) for generator in generators]
    )


def claimed(study: Study, kind: Kind, generator: Generator) -> dict[str, bool]:
    """Whether each rule claims anything where it should claim nothing."""
    return {rule: not right for rule, right in seen(study, kind, generator).items()}


def seen(study: Study, kind: Kind, generator: Generator) -> dict[str, bool]:
    """Whether each rule says what is expected; rules without a verdict in this study are left out."""
    said = {rule: SAYS[rule](study, generator) for rule in kind.expected}
    return {rule: each == kind.expected[rule] for rule, each in said.items() if each is not None}


def _any(verdicts: Iterable[str]) -> str:
    return "undecided" if set(verdicts) == {"undecided"} else "decided"


def _one_resolution(study: Study, generator: Generator) -> str | None:
    """Verdict at a random resolution with enough pairs; None if there is none."""
    enough = [each for each in study.pairs.by_resolution if each.num_pairs >= MIN_PAIRS]
    return one(enough, generator).prefer if enough else None


def _one_return(study: Study, generator: Generator) -> str:
    """Verdict on a random one of the steps of depth that `with_step` plants."""
    steps = [step for step in study.returns if step.axis == "depth" and step.to_value == VALUES[0][2]]
    return one(steps, generator).verdict


SAYS: dict[str, Callable[[Study, Generator], str | None]] = {
    "depth or width": lambda study, generator: one(study.pairs.regimes, generator).prefer,
    "at one resolution": _one_resolution,
    "any regime": lambda study, _: _any(each.prefer for each in study.pairs.regimes),
    "any resolution": lambda study, _: _any(each.prefer for each in study.pairs.by_resolution),
    "crossover": lambda study, _: study.pairs.crossover.status,
    "resolution": lambda study, _: study.resolution.prefer,
    "any return": lambda study, _: _any(each.verdict for each in study.returns),
    "one return": _one_return,
}


def covered(study: Study, _: Kind, generator: Generator) -> dict[str, bool]:
    """Whether intervals cover the truth; for the crossover, only if it has an interval."""
    truth, pairs = study.truth, study.pairs
    table = pairs.table.assign(true=true_advantage(truth, pairs.table, "depth", "width"))
    table = table[table["counted"]]
    regime, size = one(pairs.regimes, generator), one(pairs.by_resolution, generator)
    of_regime, of_size = table["epochs"] == regime.epochs, table["epochs"] == size.epochs
    of_size &= table["resolution"] == size.resolution
    step, gain = one(study.resolution.steps, generator), one(study.returns, generator)
    found = {
        "advantage": holds(regime.ci95, table.loc[of_regime, "true"].mean()),
        "at one resolution": holds(size.ci95, table.loc[of_size, "true"].mean()),
        "gain per doubling": holds(step.ci95, _true_gain(study, step)),
        "a return": holds(gain.ci95, _true_return(truth, gain)),
    }
    if study.resolution.rivals:  # missing cells may leave nothing to compare
        rival = one(study.resolution.rivals, generator)
        compared = next(each.table for each in study.layout.rivals if each.rival == rival.axis)
        advantage = true_advantage(truth, compared, "resolution", rival.axis)
        found["resolution against another"] = holds(rival.ci95, advantage.mean())
    if pairs.crossover.ci95 is not None:
        found["crossover"] = holds(pairs.crossover.ci95, _true_turn(truth, table[of_regime]))
    return found


def _true_turn(truth: Truth, pairs: pd.DataFrame) -> float:
    """The epochs at which the mean advantage over the pairs passes 0; NaN where it never does."""
    epochs = np.geomspace(VALUES[3][0], VALUES[3][-1], 181)
    rows = pd.concat([pairs.assign(epochs=each) for each in epochs])
    mean = true_advantage(truth, rows, "depth", "width").reshape(len(epochs), -1).mean(axis=1)
    passed = np.flatnonzero(np.sign(mean[1:]) != np.sign(mean[:-1]))
    if not len(passed):
        return np.nan
    around = slice(passed[0], passed[0] + 2)
    return float(np.exp(zero(np.log(epochs[around]), mean[None, around])[0]))


def _true_gain(study: Study, step: Step) -> float:
    """True gain per doubling, the mean over the architectures that have both resolutions."""
    knobs = ["depth", "width", "epochs"]
    rows = study.groups[study.groups["epochs"] == step.epochs]
    low, high = (rows[rows["resolution"] == size][knobs] for size in (step.from_px, step.to_px))
    both = low.merge(high, on=knobs)
    gain = study.truth(both.assign(resolution=step.from_px)) - study.truth(both.assign(resolution=step.to_px))
    return float(gain.mean() / np.log2(step.to_px / step.from_px))


def _true_return(truth: Truth, gain: Return) -> float:
    rows = pd.DataFrame([gain.at | {gain.axis: value} for value in (gain.from_value, gain.to_value)])
    low, high = truth(rows)
    return float(low - high)


def one(items: Sequence[Item], generator: Generator) -> Item:
    return items[int(generator.integers(len(items)))]


def holds(ci95: Interval | None, value: float) -> bool:
    return ci95 is not None and ci95[0] <= value <= ci95[1]


@dataclass(frozen=True)
class Part:
    """Kinds of studies with the same questions and requirement."""

    title: str
    kinds: Mapping[str, Kind]
    ask: Ask
    asked: tuple[float, float] | None
    """Range in percent that a rate must lie in or, with `touches`, that its interval must touch."""
    touches: bool = False


PARTS = (
    Part("false verdicts", NULLS, claimed, (0, 5)),
    Part("false verdicts of uneven noise", UNEVEN, claimed, (0, 5)),
    Part("true verdicts", EFFECTS, seen, (90, 100)),
    Part("true verdicts of faint effects", FAINT, seen, None),
    Part("coverage of 95 % intervals", COVERED, covered, (93, 97), touches=True),
)


if __name__ == "__main__":
    main()
