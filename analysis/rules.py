"""Rules: what the findings say a person should do, as rules.json and as plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from analysis.findings import Findings
from analysis.frontier import Frontier
from analysis.noise import BOOTSTRAP_SEED, Interval
from analysis.pairs import Pairs, Regime
from analysis.resolution import Resolution
from scaling.quantity import counted

DIGITS = 4


def rules_json(findings: Findings, origin: dict[str, Any] | None = None) -> dict[str, Any]:
    """The machine-readable answer, free of NaN. `origin` (package version, revision) is added to the
    provenance."""
    crossover, resolution = findings.pairs.crossover, findings.resolution
    exponent = {"estimate": None, "ci95": None, "status": "undetermined"}
    return {
        "cost": findings.pairs.cost.name,
        "metric": "top1",
        "regimes": [_regime_json(regime) for regime in findings.pairs.regimes],
        "by_resolution": [
            {"resolution": int(regime.resolution or 0)} | _regime_json(regime)
            for regime in findings.pairs.by_resolution
        ],
        "crossover_epochs": {
            "estimate": _rounded(crossover.estimate),
            "ci95": _pair(crossover.ci95),
            "status": crossover.status,
        },
        "resolution": {
            "prefer": resolution.prefer,
            "cap": resolution.cap,
            "ci95": _pair(resolution.ci95),
            "gain_per_doubling": [
                {
                    "from": step.from_px,
                    "to": step.to_px,
                    "points": _rounded(step.points),
                    "ci95": _pair(step.ci95),
                }
                for step in resolution.gain_per_doubling
            ],
        },
        "exponents": {knob: dict(exponent) for knob in ("depth", "width", "resolution")},
        "warnings": [{"code": trap.code, "message": trap.message} for trap in findings.traps],
        "provenance": _provenance(findings) | (origin or {}),
    }


def sentences(findings: Findings) -> list[str]:
    """The rules for people, the most important first."""
    frontiers = [_frontier_sentence(frontier) for frontier in findings.frontiers.values()]
    return [
        *frontiers,
        *_regime_sentences(findings.pairs),
        *_crossover_sentence(findings),
        *_resolution_sentences(findings.resolution),
        *_noise_sentence(findings),
    ]


def points_text(value: float, ci95: Interval | None) -> str:
    """`+0.2 points (−0.3, 0.7)`; without an interval it says so."""
    bounds = "no interval" if ci95 is None else f"{_signed(ci95[0], plus='')}, {_signed(ci95[1], plus='')}"
    return f"{_signed(value)} points ({bounds})"


def _frontier_sentence(frontier: Frontier) -> str:
    cost, line = frontier.cost, frontier.line
    ends = [
        f"{row['error']:.2f} % at {cost.text(row[cost.column])}" for _, row in line.iloc[[0, -1]].iterrows()
    ]
    span = " to ".join(ends) if len(line) > 1 else ends[0]
    near = int((frontier.members["standing"] == "within_noise").sum())
    more = f"; {near} more cannot be told from it by noise" if near else ""
    names = f"{counted(len(line), 'model')} on the frontier of error against {cost.full_label}"
    return f"{names}: {span}{more}."


def _regime_sentences(pairs: Pairs) -> Iterator[str]:
    for regime in pairs.regimes:
        yield _regime_sentence(regime, pairs)
        sizes = [each for each in pairs.by_resolution if each.epochs == regime.epochs]
        if len(sizes) > 1 and any(each.prefer != "undecided" for each in sizes):
            yield f"At {counted(regime.epochs, 'epoch')}, {_sizes_text(sizes)}."


def _regime_sentence(regime: Regime, pairs: Pairs) -> str:
    numbers = f"{points_text(regime.advantage_points, regime.ci95)}, {counted(regime.num_pairs, 'pair')}"
    what = {
        "depth": f"depth is better than width for the same {pairs.cost.full_label}",
        "width": f"width is better than depth for the same {pairs.cost.full_label}",
        "undecided": "depth and width are not told apart",
    }[regime.prefer]
    if regime.prefer == "undecided" and regime.ci95 is not None and regime.ci95[0] * regime.ci95[1] > 0:
        what = "there are too few pairs or repeats to say whether depth or width is better"
    if regime.pairs_disagree:
        what = "it depends on the model whether depth or width is better"
    return f"At {counted(regime.epochs, 'epoch')}, {_from_text(regime)}{what}: {numbers}."


def _from_text(regime: Regime) -> str:
    if len(regime.bases) > 1:
        return ""
    depth, width = regime.bases[0]
    return f"from depth {depth:g} and width {width:g}, "


def _sizes_text(sizes: Sequence[Regime]) -> str:
    """`depth is better at 224 and 320 px, and the two are not told apart at 128 and 160 px`."""
    said = {"depth": "depth is better at", "width": "width is better at", "undecided": "not decided at"}
    parts = []
    for verdict, words in said.items():
        at = [f"{each.resolution:g}" for each in sizes if each.prefer == verdict]
        if at:
            parts.append(f"{words} {_listed(at)} px")
    return _listed(parts)


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _noise_sentence(findings: Findings) -> Iterator[str]:
    noise = findings.noise
    if not noise.known:
        return
    typical = float(np.median(noise.sd(findings.groups["error"].to_numpy(dtype=float))))
    source = {
        "seeds": "measured from repeats",
        "declared": "as the source declares it, for no model was trained twice",
        "interaction": "an upper bound from the interaction of architecture and resolution, for no model was "
        "trained twice",
    }[noise.kind]
    yield (
        f"All intervals are 95 % and hold what training again moves: {typical:.2f} points (standard "
        f"deviation of one run, {counted(noise.df, 'degree')} of freedom), {source}."
    )


def _crossover_sentence(findings: Findings) -> Iterator[str]:
    crossover = findings.pairs.crossover
    if len(findings.pairs.regimes) < 2:
        return
    if crossover.status == "inside_range" and crossover.estimate is not None and crossover.ci95 is not None:
        bounds = f"({crossover.ci95[0]:.0f}, {crossover.ci95[1]:.0f})"
        yield f"Depth and width change places at about {crossover.estimate:.0f} epochs {bounds}."
    elif crossover.status == "none_in_range":
        yield "Depth and width do not change places within the epochs measured."
    else:
        yield "Whether depth and width change places within the epochs measured is not determined."


def _resolution_sentences(resolution: Resolution) -> Iterator[str]:
    if resolution.epochs is None:
        return
    at = f"At {counted(resolution.epochs, 'epoch')}"
    for step in resolution.gain_per_doubling:
        change = points_text(step.points, step.ci95)
        yield f"{at}, from {step.from_px} to {step.to_px} px a doubling of the resolution gives {change}."
    if resolution.change_by is not None:
        change = points_text(resolution.change_by, resolution.change_ci95)
        yield f"{at}, from one step to the next that gain changes by {change}."
    for rival in resolution.rivals:
        numbers = f"{points_text(rival.advantage_points, rival.ci95)}, {counted(rival.num_pairs, 'pair')}"
        yield f"{at}, resolution against {rival.axis} for the same FLOPs: {numbers}."
    verdict = {
        "slow": "raise the resolution slowly: its gain shrinks, and at the top depth or width buys more",
        "fast": "raise the resolution fast: it buys more than depth and than width",
        "undecided": "whether to raise the resolution slowly or fast is undecided",
    }[resolution.prefer]
    yield f"{at}, {verdict}."
    if resolution.cap is not None and resolution.ci95 is not None:
        cap = f"{resolution.cap} px ({resolution.ci95[0]:.0f}, {resolution.ci95[1]:.0f})"
        yield f"{at}, above {cap} depth or width buys more than resolution for the same FLOPs."


def _regime_json(regime: Regime) -> dict[str, Any]:
    return {
        "epochs": int(regime.epochs) if regime.epochs == int(regime.epochs) else regime.epochs,
        "prefer": regime.prefer,
        "advantage_points": _rounded(regime.advantage_points),
        "ci95": _pair(regime.ci95),
        "num_pairs": regime.num_pairs,
    }


def _provenance(findings: Findings) -> dict[str, Any]:
    table, noise = findings.table, findings.noise
    seeds = sorted({int(seed) for seed in table.usable["seed"]})
    return {
        "source": table.source,
        "num_rows": len(table.rows),
        "num_rows_used": len(table.usable),
        "left_out": table.left_out(),
        "num_models": len(findings.groups),
        "seeds": seeds,
        "rows_sha256": table.digest(),
        "noise": {
            "kind": noise.kind,
            "scale": _rounded(noise.scale) if noise.known else None,
            "power": _rounded(noise.power) if noise.known else None,
            "degrees_of_freedom": noise.df,
        },
        "bootstrap": {"replicates": findings.replicates, "seed": BOOTSTRAP_SEED},
        "latency": findings.table.latency_of or None,
        "settings": {f"{regime.epochs:g} epochs": regime.setting for regime in findings.pairs.regimes},
        "resolution_epochs": findings.resolution.epochs,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), DIGITS) + 0.0


def _pair(ci95: Interval | None) -> list[float] | None:
    return None if ci95 is None else [round(bound, DIGITS) + 0.0 for bound in ci95]


def _signed(value: float, plus: str = "+") -> str:
    digits = 1 if abs(value) >= 0.095 else 2
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return "0.0"
    return f"{'−' if value < 0 else plus}{text}"
