"""What stopping dominated points saves and loses, on published learning curves.

    python -m benchmarks.replayed_stopping --reference DIR

DIR/jahs/cifar10_surrogate.csv holds runs of 100 epochs on CIFAR-10, predicted by a surrogate of
JAHS-Bench-201 (Bansal et al. 2022): networks of three depths, widths and resolutions (columns N, W, R), by
learning rate and augmentation (lr, ta), with the accuracy valid_acc after 12 of the epochs. A simulated pool
of 4 trains the runs that have all 12, cheapest first. There are no repeats, so the noise of a run is
declared. Costs are those of our networks of the same shape.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.curves.curve import PointCurve
from analysis.frontier.dominance import nondominated
from analysis.noise import Noise
from analysis.table import EXTRAPOLATED_SD, STOPPED
from benchmarks.simulated_curves import points, trained
from scaling.command.output import print_table
from scaling.models.resnet_small import ResNetSmall
from scaling.study.stopping import Stopping
from scaling.training.recipe import Recipe

NOISE = Noise(kind="declared", scale=0.3, power=0.0, df=20)
SIDE = 32


def main() -> None:
    """Print a row for each share of spared points."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reference", type=Path, metavar="DIR", required=True)
    curves = curves_of(parser.parse_args().reference / "jahs" / "cifar10_surrogate.csv")
    head = (
        "spared",
        "runs",
        "stopped",
        "on the frontier",
        "of these, stopped",
        "told less true",
        "train FLOPs saved",
    )
    rows = [_row(curves, spared) for spared in (0.0, Stopping.spared)]
    print_table("CIFAR-10, a surrogate of JAHS-Bench-201", head, rows)


def curves_of(file: Path) -> list[PointCurve]:
    """The complete curves."""
    runs = pd.read_csv(file).sort_values("epoch")
    epochs = runs["epoch"].unique()
    return [
        PointCurve(
            point=replace(
                points()[0],
                family="resnet_small",
                model=ResNetSmall(),
                depth=6 * int(n) + 2,
                width=w / 16,
                resolution=int(SIDE * r),
                epochs=int(epochs.max()),
                recipe=Recipe(learning_rate=lr, flip=bool(ta)),
            ),
            status="completed",
            epochs=run["epoch"].to_numpy(dtype=float),
            error=100 - run["valid_acc"].to_numpy(),
        )
        for (lr, ta, n, w, r), run in runs.groupby(["lr", "ta", "N", "W", "R"])
        if len(run) == len(epochs)
    ]


def _row(curves: list[PointCurve], spared: float) -> list[str]:
    found = trained(curves, Stopping(dominated=True, spared=spared), NOISE)
    true = np.array([curve.error[-1] for curve in curves])
    stopped = (found.rows["left_out"] == STOPPED).to_numpy()
    cost = found.rows[["flops", "train_flops"]].to_numpy()
    best = nondominated(np.column_stack([true, cost]), ["minimise", "minimise", "minimise"])
    off = (found.rows["error"].to_numpy() - true)[stopped]
    told = found.rows[EXTRAPOLATED_SD][stopped].mean()
    return [
        f"{spared:.0%}",
        str(len(curves)),
        str(stopped.sum()),
        str(best.sum()),
        str((stopped & best).sum()),
        f"{off.mean():+.2f} ± {off.std():.2f} ({told:.2f} promised)",
        f"{1 - found.spent:.0%}",
    ]


if __name__ == "__main__":
    main()
