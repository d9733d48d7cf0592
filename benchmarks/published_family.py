"""The family that the published grid recommends, next to the networks of the paper's Table 7.

    python -m benchmarks.published_family

At the FLOPs of each ResNet-RS of Table 7: what an average of laws of the published grid recommends, and what
it predicts for the paper's own choice, on the grid's images (minival). Table 7 has another stem and reports
on the validation set, so its accuracies are shown but not compared; its networks do lie on the grid's axes.
"""

from __future__ import annotations

import os
import platform

import pandas as pd

from analysis.family.recommend import Budget, recommend
from analysis.law.average import Average, average
from analysis.law.choose import choose, largest_setting, law_rows
from analysis.law.exponents import exponents, exponents_sentence
from analysis.noise import group_seeds
from analysis.noise_estimate import noise_of
from analysis.setting import Base, base_setting
from analysis.source.source import read_source
from scaling.command.output import print_table
from scaling.published.resnet_rs import Published, table7

SOURCE = "published:resnet_rs_2021"
EPOCHS = 350
HEAD = (
    "FLOPs",
    "paper",
    "its top-1, validation",
    "predicted of it, minival",
    "recommended",
    "predicted of that, minival",
    "difference",
)


def main() -> None:
    """Print the comparison."""
    table = read_source(SOURCE)
    groups = group_seeds(table.usable)
    noise = noise_of(table, groups)
    choice = choose(groups, noise)
    if choice.law is None:
        print(choice.reason)  # noqa: T201
        return
    models = largest_setting(groups)
    base = base_setting(table, str(models["setting"].iloc[0]), None)
    laws = average(law_rows(groups), noise)
    rows = [_row(laws, models, base, each) for each in table7() if each.name.startswith("resnet_rs")]
    machine = f"{os.cpu_count()} cores, {platform.machine()}"
    note = f"{choice.reason} {exponents_sentence(exponents(choice.law, models))} {machine}."
    print_table("ResNet-RS at equal FLOPs: points of top-1, 95 % intervals", HEAD, rows, note)


def _row(laws: Average, models: pd.DataFrame, base: Base, theirs: Published) -> tuple[str, ...]:
    flops = base.price(theirs.depth, theirs.width, theirs.resolution, EPOCHS).flops
    (ours,) = recommend(laws, models, base, [Budget("flops", flops)], epochs=EPOCHS)
    axes = ("depth", "width", "resolution")
    both = pd.DataFrame([{axis: float(getattr(each, axis)) for axis in axes} for each in (theirs, ours)])
    both = both.assign(epochs=float(EPOCHS))
    draws = laws.draws(both)
    error = draws.mean(axis=0)
    gain = pd.Series(draws[:, 0] - draws[:, 1]).quantile([0.025, 0.975])
    return (
        f"{flops / 1e9:.1f}G",
        theirs.title,
        f"{theirs.top1.value:.1f}",
        f"{100 - error[0]:.1f}",
        f"{ours.depth:g}x{ours.width:g}@{ours.resolution}",
        f"{ours.top1:.1f} ({ours.ci95[0]:.1f}, {ours.ci95[1]:.1f})",
        f"{error[0] - error[1]:+.1f} ({gain.iloc[0]:.1f}, {gain.iloc[1]:.1f})",
    )


if __name__ == "__main__":
    main()
