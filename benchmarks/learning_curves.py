"""How well learning curves are extrapolated: ours beside M4, a broken neural scaling law and the last value.

    python -m benchmarks.learning_curves --reference DIR

DIR holds learning_curves/image_classification.csv, from the benchmark of Alabdulmohsin et al. 2022: columns
Task, Model, Seen Examples, Loss and Training (1: known, 0: to be predicted). All methods see the same curves
in the same run. RMSLE is the root of the mean squared difference of logarithms over the points to be
predicted of one curve; the table gives mean and median over curves.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.curves.extrapolate import Extrapolation, extrapolate
from benchmarks.curve_baselines import Floats, bnsl, last_value, m4

FILE = Path("learning_curves") / "image_classification.csv"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A curve whose end is hidden from the methods."""

    name: str
    steps: Floats
    error: Floats
    later: Floats
    truth: Floats


def main() -> None:
    """Print the comparison, and the coverage of our intervals."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reference", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--data-sets", default="", help="only tasks that begin with one of these, as inet,cal"
    )
    options = parser.parse_args()
    tasks = read(options.reference / FILE, tuple(options.data_sets.split(",")))
    ours, slowest = timed(tasks)
    predicted = {
        "ours": [each.estimate for each in ours],
        "M4": m4([(task.steps, task.error) for task in tasks], [task.later for task in tasks]),
        "BNSL, one break": [bnsl((task.steps, task.error), task.later) for task in tasks],
        "last value": [last_value((task.steps, task.error), task.later) for task in tasks],
    }
    print_scores(tasks, predicted)
    print_coverage(tasks, ours)
    Console().print(f"Ours took at most {slowest:.2f} s a curve on one core.")


def read(file: Path, data_sets: Sequence[str]) -> list[Task]:
    """The curves of a file, each in order of its steps."""
    rows = pd.read_csv(file).sort_values("Seen Examples", kind="stable")
    tasks = []
    for (task, model), curve in rows.groupby(["Task", "Model"]):
        if not str(task).startswith(tuple(data_sets)):
            continue
        known, hidden = curve[curve["Training"] == 1], curve[curve["Training"] == 0]
        tasks.append(
            Task(
                name=f"{task} {model}",
                steps=known["Seen Examples"].to_numpy(dtype=float),
                error=known["Loss"].to_numpy(dtype=float),
                later=hidden["Seen Examples"].to_numpy(dtype=float),
                truth=hidden["Loss"].to_numpy(dtype=float),
            )
        )
    return tasks


def timed(tasks: Sequence[Task]) -> tuple[list[Extrapolation], float]:
    """Ours, and the seconds of the slowest."""
    made, slowest = [], 0.0
    for task in tasks:
        began = time.perf_counter()
        made.append(extrapolate(task.steps, task.error, task.later))
        slowest = max(slowest, time.perf_counter() - began)
    return made, slowest


def rmsle(predicted: Floats, truth: Floats) -> float:
    """Root of the mean squared difference of logarithms."""
    return float(np.sqrt(np.mean((np.log(predicted) - np.log(truth)) ** 2)))


def print_scores(tasks: Sequence[Task], predicted: dict[str, list[Floats]]) -> None:
    """Mean and median RMSLE of every method, on how many curves ours is nearer, and a row a data set."""
    scores = {
        name: np.array([rmsle(values, task.truth) for task, values in zip(tasks, each, strict=True)])
        for name, each in predicted.items()
    }
    title = f"RMSLE on {len(tasks)} curves, {os.cpu_count()} cores, {platform.machine()}, Python "
    table = Table("", *scores, title=title + platform.python_version())
    table.add_row("mean", *(f"{score.mean():.4f}" for score in scores.values()))
    table.add_row("median", *(f"{np.median(score):.4f}" for score in scores.values()))
    table.add_row(
        "ours is nearer",
        *(f"{int((scores['ours'] < score).sum())} of {len(tasks)}" for score in scores.values()),
    )
    names = np.array([task.name.split()[0] for task in tasks])
    for name in dict.fromkeys(names):
        table.add_row(f"mean, {name}", *(f"{score[names == name].mean():.4f}" for score in scores.values()))
    Console().print(table)


def print_coverage(tasks: Sequence[Task], ours: Sequence[Extrapolation]) -> None:
    """How much of what was hidden lies in our intervals: a mean over curves, and at the last step alone."""
    table = Table("interval", "hidden points inside, mean over curves", "last points inside")
    for name, low, high in (("95 %", "low", "high"), ("80 %", "low80", "high80")):
        inside = [
            (getattr(each, low) <= task.truth) & (task.truth <= getattr(each, high))
            for task, each in zip(tasks, ours, strict=True)
        ]
        share = np.mean([each.mean() for each in inside])
        table.add_row(
            name, f"{100 * share:.1f} %", f"{sum(bool(each[-1]) for each in inside)} of {len(tasks)}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
