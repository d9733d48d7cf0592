"""How well finished curves predict the end of a run under the same schedule, compared with its own curve.

    python -m benchmarks.finished_curves --reference DIR --study results/quickstart

Each finished run in turn is cut at a quarter, half and three quarters of its schedule. Its final error is
predicted from 5 other runs drawn at random, with and without their sizes, from its own curve, and by its last
value. DIR/jahs/cifar10_surrogate.csv holds runs predicted by a surrogate of JAHS-Bench-201 (Bansal et al.
2022): networks of three depths, widths and resolutions, with the columns N, W, R, epoch, lr, ta and
valid_acc; runs with the same lr and ta are used together. Of a study, the completed points of one setting and
number of epochs are used together.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.curves.extrapolate import extrapolate
from analysis.curves.finished import extrapolate_like
from analysis.curves.study import knobs_of, point_curve
from analysis.noise import Floats
from scaling.command.output import print_table
from scaling.errors import Refused
from scaling.study.store import Study

SHARES = (0.25, 0.5, 0.75)
NUM_FINISHED = 5
SEED = 0

Run = tuple[Floats, Floats, Floats]
"""Steps, errors, and the logarithms of the knobs."""
Group = Sequence[Run]
"""Finished runs that are used to predict each other."""


def main() -> None:
    """Print a table for each source of finished runs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reference", type=Path, metavar="DIR")
    parser.add_argument("--study", type=Path)
    options = parser.parse_args()
    if options.reference is not None:
        compare("JAHS-Bench-201", jahs(options.reference / "jahs" / "cifar10_surrogate.csv"))
    if options.study is not None:
        compare(options.study.name, of_study(Study.open(options.study)))


def jahs(file: Path) -> list[Group]:
    """The surrogate's complete curves, grouped by learning rate and augmentation."""
    runs = pd.read_csv(file).sort_values("epoch")
    longest = runs["epoch"].nunique()
    return [
        [
            (run["epoch"].to_numpy(dtype=float), 100 - run["valid_acc"].to_numpy(), np.log(size))
            for size, run in group.groupby(["N", "W", "R"])
            if len(run) == longest
        ]
        for _, group in runs.groupby(["lr", "ta"])
    ]


def of_study(study: Study) -> list[Group]:
    """The completed points of a study, grouped by setting and epochs."""
    groups = defaultdict(list)
    for point_id in study.point_ids():
        curve = point_curve(study, point_id)
        if curve is not None and curve.status == "completed":
            groups[curve.point.setting, curve.point.epochs].append(
                (curve.epochs, curve.error, knobs_of(curve))
            )
    return list(groups.values())


def compare(source: str, groups: Sequence[Group]) -> None:
    """Print the RMSLE of each method, and the coverage of the first, by the known share of the schedule."""
    generator = np.random.default_rng(SEED)
    head = ("known", "runs", "finished", "without sizes", "curve alone", "last value", "in 95 %", "in 80 %")
    table = []
    for share in SHARES:
        rows = []
        for group in groups:
            for place, run in enumerate(group):
                others = [other for index, other in enumerate(group) if index != place]
                if len(others) >= NUM_FINISHED:
                    chosen = generator.permutation(len(others))[:NUM_FINISHED]
                    rows.append(_told(run, [others[index] for index in chosen], share))
        if rows:
            told = np.array(rows)
            rmsle = np.sqrt((told[:, :4] ** 2).mean(axis=0))
            inside = told[:, 4:].mean(axis=0)
            off = ("" if np.isnan(each) else f"{each:.3f}" for each in rmsle)
            table.append([f"{share:.0%}", str(len(rows)), *off, *(f"{100 * each:.0f} %" for each in inside)])
    print_table(f"{source}, RMSLE of the final error", head, table)


def _told(run: Run, finished: Group, share: float) -> list[float]:
    """Log-error differences of the four methods, then whether the first one's 95 and 80 % intervals cover."""
    steps, error, _ = run
    known = steps <= share * steps[-1] + 1e-9
    x, y = steps[known], error[known]
    curves = [(each, its_error) for each, its_error, _ in finished]
    sizes = [knobs for *_, knobs in (run, *finished)]
    found = extrapolate_like(x, y, curves, end=steps[-1], sizes=sizes)
    without = extrapolate_like(x, y, curves, end=steps[-1])
    alone = np.nan
    with suppress(Refused):
        alone = float(np.log(extrapolate(x, y, steps[-1]).estimate[0] / error[-1]))
    return [
        float(np.log(found.estimate[0] / error[-1])),
        float(np.log(without.estimate[0] / error[-1])),
        alone,
        float(np.log(y[-1] / error[-1])),
        float(found.low[0] <= error[-1] <= found.high[0]),
        float(found.low80[0] <= error[-1] <= found.high80[0]),
    ]


if __name__ == "__main__":
    main()
