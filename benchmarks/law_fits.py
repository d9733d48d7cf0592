"""Fits of laws compared with published ones, the package `chinchilla`, and the usual grid of L-BFGS starts.

    python -m benchmarks.law_fits --reference DIR

DIR/gemstones/ has the runs and fits of github.com/mcleish7/gemstone-scaling-laws: 770 losses over width,
depth and tokens of 22 networks. Without it, the comparison uses a planted law with as many rows. Times are
CPU seconds of the process. The peers may do only a part of their work (--part); the table then extrapolates
to the whole.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from scipy.optimize import minimize
from scipy.special import huber, logsumexp

from analysis.law.bootstrap import cluster_bootstrap
from analysis.law.fit import fit
from analysis.law.form import additive
from analysis.noise import Floats
from analysis.replicates import BOOTSTRAP_SEED
from benchmarks.peers import installed

PUBLISHED = {
    ("params_active_precise", "tokens"): 6.92330e-4,
    ("width", "depth", "tokens"): 4.199462e-4,
    ("width", "depth", "params_active_precise", "tokens"): 2.949708e-4,
}
"""Objectives of McLeish et al. 2025: sums of Huber losses (delta 1e-4) of the log loss."""
DELTA = 1e-4
REPLICATES = 4000
HOFFMANN = ((0, 5, 10, 15, 20, 25), (0, 5, 10, 15, 20, 25), (-1, -0.5, 0, 0.5, 1), *[(0, 0.5, 1, 1.5, 2)] * 2)
"""Starts of a, b, e, alpha and beta, as in Hoffmann et al. 2022, appendix D.3: 4,500 in all."""
PEER = ("chinchilla==0.2.0", "attrdictx==0.1.0", "ordinal==1.0.3", "seaborn==0.13.2", "ruamel.yaml==0.19.1")
ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--reference", type=Path, help="directory that has gemstones/")
    parser.add_argument(
        "--part", type=float, default=0.1, help="share of the L-BFGS peers' work that is done"
    )
    parser.add_argument(
        "--values", type=int, default=3, help="values of each of chinchilla's parameters in its grid"
    )
    arguments = parser.parse_args()
    rows = read(arguments.reference)
    console = Console(width=130)
    console.print(
        f"{platform.machine()}, {os.cpu_count()} cores, numpy {np.__version__}, "
        f"Python {platform.python_version()}"
    )
    console.print(published(rows))
    console.print(side_by_side(planted() if rows is None else rows, arguments.part, arguments.values))


def read(reference: Path | None) -> pd.DataFrame | None:
    """The rows of Gemstones' fits; None without them."""
    files = list((reference / "gemstones").glob("wandb_df_for_fitting*.jsonl")) if reference else []
    return pd.read_json(files[0], lines=True) if files else None


def planted() -> pd.DataFrame:
    """22 runs of 35 losses each: a Chinchilla law, a shift per run (sd 1 %), and noise (sd 0.3 %)."""
    generator = np.random.default_rng(0)
    params = np.repeat(np.geomspace(5e7, 2e9, 22), 35)
    tokens = np.tile(np.linspace(1e10, 3.5e11, 35), 22)
    log_loss = np.log(1.9 + 500 * params**-0.34 + 400 * tokens**-0.28)
    log_loss += np.repeat(0.01 * generator.standard_normal(22), 35) + 0.003 * generator.standard_normal(770)
    names = np.repeat([f"run {number}" for number in range(22)], 35)
    columns = {"params_active_precise": params, "tokens": tokens, "run_name": names}
    return pd.DataFrame({**columns, "final_loss": np.exp(log_loss)})


def published(rows: pd.DataFrame | None) -> Table:
    """Table of the objectives of the published fits and ours."""
    table = Table(
        "knobs", "published", "reached", "seconds", "starts that agree", "degenerate", title="Gemstones"
    )
    total = 0.0
    for knobs, objective in PUBLISHED.items():
        if rows is None:
            table.add_row(", ".join(knobs), f"{objective:.6e}", "no data: give --reference", "", "", "")
            continue
        found, seconds = timed(
            lambda knobs=knobs: fit(additive(knobs), rows, error="final_loss", delta=DELTA)
        )
        total += seconds
        known = found.diagnostics
        agree = f"{known.num_agreeing} of {known.num_starts}"
        degenerate = ", ".join(known.degenerate) or "none"
        table.add_row(
            ", ".join(knobs),
            f"{objective:.6e}",
            f"{found.objective:.7e}",
            f"{seconds:.2f}",
            agree,
            degenerate,
        )
    if rows is not None:
        table.add_row("all three", "", "", f"{total:.2f}", "", "")
    return table


def side_by_side(rows: pd.DataFrame, part: float, num_values: int) -> Table:
    """Table of one fit in parameters and tokens, and its bootstrap over runs, by ours and the peers."""
    knobs = next(iter(PUBLISHED))
    table = Table(
        "what", "objective", "seconds", "done of the work", "seconds of the whole", title=f"{len(rows)} rows"
    )
    ours, seconds = timed(lambda: fit(additive(knobs), rows, error="final_loss", delta=DELTA))
    table.add_row("fit, ours", f"{ours.objective:.7e}", f"{seconds:.2f}", "all", f"{seconds:.2f}")
    draws, seconds = timed(
        lambda: cluster_bootstrap(ours, rows, rows["run_name"], error="final_loss", replicates=REPLICATES)
    )
    table.add_row(f"{REPLICATES} bootstraps, ours", "", f"{seconds:.1f}", "all", f"{seconds:.1f}")
    every = max(1, round(1 / part))
    starts = np.array(list(product(*HOFFMANN)), dtype=float)[::every]
    weights = np.ones((1, len(rows)))
    (best, theta), seconds = timed(lambda: grid_fit(rows, starts, weights[0]))
    table.add_row(
        "fit, L-BFGS from Hoffmann's starts",
        f"{best:.7e}",
        f"{seconds:.1f}",
        f"1 of {every} starts",
        f"{seconds * every:.0f}",
    )
    clusters = pd.factorize(rows["run_name"])[0]
    times = np.random.default_rng(BOOTSTRAP_SEED).multinomial(22, np.full(22, 1 / 22), size=REPLICATES)[
        ::every
    ]
    others, seconds = timed(lambda: np.array([grid_fit(rows, theta[None], w[clusters])[1] for w in times]))
    table.add_row(
        f"{REPLICATES} bootstraps, L-BFGS from the fit",
        "",
        f"{seconds:.1f}",
        f"1 of {every}",
        f"{seconds * every:.0f}",
    )
    table.add_row(*chinchilla(rows, num_values))
    low, high = np.quantile(draws[::every, 3:], [0.025, 0.975], axis=0)
    theirs = np.quantile(others[:, 3:], [0.025, 0.975], axis=0)
    table.caption = (
        f"alpha {low[0]:.3f} to {high[0]:.3f}, beta {low[1]:.3f} to {high[1]:.3f} (L-BFGS: alpha "
        f"{theirs[0, 0]:.3f} to {theirs[1, 0]:.3f}, beta {theirs[0, 1]:.3f} to {theirs[1, 1]:.3f}), "
        "95 % of the same draws"
    )
    return table


def grid_fit(rows: pd.DataFrame, starts: Floats, weight: Floats) -> tuple[float, Floats]:
    """Objective and parameters of the best L-BFGS run, with an analytic gradient.

    L-BFGS minimises objective / delta^2: its tolerance is absolute below 1, so it would stop early otherwise.
    """
    n, d = np.log(rows[["params_active_precise", "tokens"]].to_numpy(dtype=float)).T
    y = np.log(rows["final_loss"].to_numpy(dtype=float))

    def objective(theta: Floats) -> tuple[float, Floats]:
        a, b, e, alpha, beta = theta
        terms = np.array([a - alpha * n, b - beta * d, np.full_like(n, e)])
        log_loss = logsumexp(terms, axis=0)
        shares = np.exp(terms - log_loss)
        pull = weight * np.clip(log_loss - y, -DELTA, DELTA)
        slopes = np.array([shares[0], shares[1], shares[2], -n * shares[0], -d * shares[1]])
        return float(weight @ huber(DELTA, log_loss - y)) / DELTA**2, slopes @ pull / DELTA**2

    found = [minimize(objective, start, jac=True, method="L-BFGS-B", tol=1e-12) for start in starts]
    best = min(found, key=lambda each: each.fun)
    return float(best.fun) * DELTA**2, best.x


def chinchilla(rows: pd.DataFrame, num_values: int) -> Sequence[str]:
    """A row of the table: the package's own fit, in a separate process."""
    name = f"fit, {PEER[0]}, BFGS from {num_values**5} starts"
    columns = {"params_active_precise": "N", "tokens": "D", "final_loss": "loss"}
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        rows[list(columns)].rename(columns=columns).to_csv(file.name, index=False)
        try:
            path = os.pathsep.join([*(str(installed(package)) for package in PEER), str(ROOT)])
            line = [sys.executable, "-m", "benchmarks.plain_chinchilla", file.name, str(num_values)]
            done = subprocess.run(
                line, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=True
            )
        except subprocess.CalledProcessError:
            return name, "cannot be installed or run here", "", "", ""
    told = json.loads(done.stdout.splitlines()[-1])
    return name, f"{told['objective']:.7e}", f"{told['seconds']:.1f}", "all", f"{told['seconds']:.1f}"


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result of `work`, and its CPU seconds in this process."""
    start = time.process_time()
    done = work()
    return done, time.process_time() - start


if __name__ == "__main__":
    main()
