"""How stopping dominated points changes the answers, and what it saves, on simulated studies.

    python -m benchmarks.stopping --studies 40 --keep FILE

Every study has 4 depths x 3 widths x 3 resolutions x 3 epochs, 3 seeds, and its own random truth, as in
`law_truths`; its curves are those of `simulated_curves`. A pool of 4 trains each study twice from the same
curves: whole, and with `stop.dominated`. Differences are between the two answers to one study. FILE keeps the
results, a row per study; studies in it are not run again.
"""

from __future__ import annotations

import argparse
import platform
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from analysis.findings import finished
from analysis.frontier.dominance import nondominated
from analysis.frontier.frontier import frontier
from analysis.law.fitted import fit_law
from analysis.law.form import additive
from analysis.metric import FLOPS
from analysis.noise import Floats, group_seeds
from analysis.noise_estimate import seed_noise
from analysis.pairs.pairs import depth_against_width
from analysis.replicates import draw_errors
from analysis.resolution.resolution import resolution_rule
from analysis.table import AXES, STOPPED
from benchmarks.law_truths import Truth, sum_of_powers, turning
from benchmarks.rates import Rate
from benchmarks.simulated_curves import Trained, curves_of, trained
from benchmarks.simulated_studies import CELLS, NUM_SEEDS, Generator, with_bonus, with_turn
from scaling.command.output import print_table
from scaling.study.stopping import Stopping

KINDS: Mapping[str, Callable[[Generator], Truth]] = {
    "a sum of powers": lambda generator: sum_of_powers(generator)[0],
    "gains that turn into losses": lambda generator: turning(generator)[0],
    "depth and width change places": partial(with_turn, 0.5),
    "depth, 0.5 points": partial(with_bonus, "depth", 0.5),
}
REPLICATES = 1000
LAW_REPLICATES = 100


def main() -> None:
    """Run the studies that FILE lacks, and print the tables of all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=40, help="studies of each kind")
    parser.add_argument("--keep", type=Path, required=True)
    options = parser.parse_args()
    for number, kind in product(range(options.studies), KINDS):
        kept = pd.read_csv(options.keep) if options.keep.exists() else pd.DataFrame(columns=["kind", "study"])
        if not ((kept["kind"] == kind) & (kept["study"] == number)).any():
            row = pd.DataFrame([{"kind": kind, "study": number} | compared(kind, number)])
            pd.concat([kept, row] if len(kept) else [row]).to_csv(options.keep, index=False)
    kept = pd.read_csv(options.keep)
    for kind, rows in kept.groupby("kind", sort=False):
        print_answers(str(kind), rows)
    print_costs(kept)


def compared(kind: str, number: int) -> dict[str, float]:
    """The answers to one study, whole and with stopping, and the outcome of its points."""
    generator = np.random.default_rng([zlib.crc32(kind.encode()), number])
    truth = KINDS[kind](generator)
    curves = curves_of(truth, generator)
    whole, stopped = (trained(curves, Stopping(dominated=each)) for each in (False, True))
    found = {f"{name} whole": value for name, value in answers(whole).items()}
    found |= {f"{name} stopped": value for name, value in answers(stopped).items()}
    return found | _fates(truth, whole, stopped)


def answers(study: Trained) -> dict[str, float]:
    """Estimates, half-widths of their intervals, and verdicts."""
    groups = group_seeds(study.rows)
    noise = seed_noise(groups)
    draws = draw_errors(groups, noise, REPLICATES)
    pairs = depth_against_width(groups, noise, draws, FLOPS)
    law = fit_law(additive(AXES), groups, noise, replicates=LAW_REPLICATES).parameters.set_index("name")
    found = {f"depth over width, {r.epochs:g} epochs": (r.advantage_points, r.ci95) for r in pairs.regimes}
    found |= {
        f"{step.from_px} to {step.to_px} px": (step.points, step.ci95)
        for step in resolution_rule(groups, noise, draws).gain_per_doubling
    }
    found |= {
        f"exponent of {axis}": (law["estimate"][f"a_{axis}"], tuple(law.loc[f"a_{axis}", ["low", "high"]]))
        for axis in AXES
    }
    if pairs.crossover.estimate is not None and pairs.crossover.ci95 is not None:
        low, high = np.log(pairs.crossover.ci95)
        found["log of the crossover"] = float(np.log(pairs.crossover.estimate)), (low, high)
    verdicts = {
        f"verdict {r.epochs:g}": ("width", "undecided", "depth").index(r.prefer) for r in pairs.regimes
    }
    return {
        **{name: float(estimate) for name, (estimate, _) in found.items()},
        **{f"{name}, half": (ci95[1] - ci95[0]) / 2 for name, (_, ci95) in found.items() if ci95},
        **{name: float(place) for name, place in verdicts.items()},
    }


def _fates(truth: Truth, whole: Trained, stopped: Trained) -> dict[str, float]:
    """Counts of stopped runs, of models on the true and the measured frontier, and costs."""
    was_stopped = (stopped.rows["left_out"] == STOPPED).to_numpy()
    cost = whole.rows[["flops", "train_flops"]].to_numpy()[::NUM_SEEDS]
    best = nondominated(np.column_stack([truth(CELLS), cost]), ["minimise", "minimise", "minimise"]).repeat(
        NUM_SEEDS
    )
    lines = [_line(each) for each in (whole, stopped)]
    return {
        "runs": len(whole.rows),
        "stopped": was_stopped.sum(),
        "runs of the frontier": best.sum(),
        "stopped of the frontier": (was_stopped & best).sum(),
        "models on the line": len(lines[0]),
        "on both lines": len(lines[0] & lines[1]),
        "off": float(_off(whole, stopped).mean()) if was_stopped.any() else np.nan,
        "spent": stopped.spent,
        "hours": stopped.hours / whole.hours,
    }


def _off(whole: Trained, stopped: Trained) -> Floats:
    """Excess of the extrapolated error of each stopped run over its true error, in points."""
    there = stopped.rows["left_out"] == STOPPED
    return (stopped.rows["error"] - whole.rows["error"])[there].to_numpy()


def _line(study: Trained) -> set[tuple[float, ...]]:
    """Axes of the models on the measured frontier of FLOPs."""
    groups = finished(group_seeds(study.rows))
    line = frontier(groups, seed_noise(groups), None, FLOPS).line
    return set(line[list(AXES)].itertuples(index=False, name=None))


def print_answers(kind: str, rows: pd.DataFrame) -> None:
    """Print the differences between the answers, and the tool's own intervals."""
    table = []
    for name in [each.removesuffix(" whole") for each in rows if each.endswith(" whole")]:
        if name.endswith(", half") or name.startswith("verdict") or f"{name} stopped" not in rows:
            continue
        pairs = rows[[f"{name} whole", f"{name} stopped"]].dropna()
        if len(pairs) < 3:
            continue
        change = (pairs.iloc[:, 1] - pairs.iloc[:, 0]).to_numpy()
        low, high = stats.t.interval(0.95, len(change) - 1, change.mean(), stats.sem(change) or 1e-12)
        half = [f"{rows[f'{name}, half {which}'].mean():.3f}" for which in ("whole", "stopped")]
        text = f"{change.mean():+.4f} ({low:+.4f}, {high:+.4f})"
        table.append(
            [name, str(len(pairs)), f"{pairs.iloc[:, 0].mean():.3f}", text, f"{change.std():.3f}", *half]
        )
    head = ("", "studies", "whole", "stopped less whole", "sd", "half interval, whole", "stopped")
    print_table(f"{kind[0].upper()}{kind[1:]}", head, table)


def print_costs(kept: pd.DataFrame) -> None:
    """Print what was stopped, rightly or wrongly, and what that saved."""
    table = []
    for kind, rows in kept.groupby("kind", sort=False):
        same = np.concatenate(list(_same_verdicts(rows)))
        best = Rate(int(rows["stopped of the frontier"].sum()), int(rows["runs of the frontier"].sum()))
        line = Rate(int(rows["on both lines"].sum()), int(rows["models on the line"].sum()))
        low, high = stats.t.interval(0.95, len(rows) - 1, rows["off"].mean(), stats.sem(rows["off"].dropna()))
        table.append(
            [
                str(kind),
                str(len(rows)),
                f"{100 * rows['stopped'].sum() / rows['runs'].sum():.0f} %",
                best.text,
                line.text,
                f"{rows['off'].mean():+.2f} ({low:+.2f}, {high:+.2f})",
                f"{100 * same.mean():.1f} %",
                f"{100 * (1 - rows['spent'].mean()):.0f} % ({100 * (1 - rows['spent'].max()):.0f} to "
                f"{100 * (1 - rows['spent'].min()):.0f})",
                f"{100 * (1 - rows['hours'].mean()):.0f} %",
            ]
        )
    head = (
        "truth",
        "studies",
        "runs stopped",
        "of the true frontier, stopped, %",
        "of the measured line, kept, %",
        "told less true, points",
        "same verdicts",
        "train FLOPs saved",
        "time of 4 slots saved",
    )
    print_table(f"What was stopped, {platform.machine()}, Python {platform.python_version()}", head, table)


def _same_verdicts(rows: pd.DataFrame) -> Iterator[Floats]:
    """Whether the verdicts on depth or width agree, at each number of epochs."""
    for name in [each.removesuffix(" whole") for each in rows if each.startswith("verdict")]:
        if name.endswith(" stopped"):
            continue
        yield (rows[f"{name} whole"] == rows[f"{name} stopped"]).to_numpy(dtype=float)


if __name__ == "__main__":
    main()
