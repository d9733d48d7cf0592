"""Rules: what the findings recommend, as rules.json; `sentences` says the same to people."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.findings import Findings
from analysis.frames.sheet import frames_json
from analysis.law.exponents import exponents_json
from analysis.methods.additive_sheet import methods_json
from analysis.methods.weight_decay_sheet import interplay_json
from analysis.noise import SIZES
from analysis.pairs.pairs import Regime
from analysis.pseudo_labels.sheet import pseudo_labels_json
from analysis.replicates import BOOTSTRAP_SEED
from analysis.resolution.resolution import Step
from analysis.returns import Return
from analysis.rounding import rounded, rounded_each
from analysis.sentences import sentences
from analysis.speedup.rules import equal_json
from analysis.suggest.foresight_sheet import foresights_json
from analysis.transfer.sentences import transfer_json

__all__ = ["rules_json", "sentences"]


def rules_json(findings: Findings, origin: dict[str, Any] | None = None) -> dict[str, Any]:
    """The machine-readable answer, with None in the place of NaN. `origin` (package version and revision) is
    added to the provenance."""
    crossover, resolution = findings.pairs.crossover, findings.resolution
    return {
        "cost": findings.pairs.cost.name,
        "metric": findings.table.accuracy.name,
        "regimes": [_regime_json(regime) for regime in findings.pairs.regimes],
        "by_resolution": [
            {"resolution": int(regime.resolution or 0)} | _regime_json(regime)
            for regime in findings.pairs.by_resolution
        ],
        "crossover_epochs": {
            "estimate": rounded(crossover.estimate),
            "ci95": rounded_each(crossover.ci95),
            "status": crossover.status,
        },
        "resolution": {
            "prefer": resolution.prefer,
            "cap": resolution.cap,
            "ci95": rounded_each(resolution.ci95),
            "gain_per_doubling": [_step_json(step) for step in resolution.gain_per_doubling],
        },
        **({"frames": frames_json(findings.frames)} if findings.frames else {}),
        "returns": [_return_json(each) for each in findings.returns],
        **equal_json(findings.at_equal_accuracy),
        **({"pseudo_labels": pseudo_labels_json(findings.pseudo_labels)} if findings.pseudo_labels else {}),
        **({"methods": methods_json(findings.methods)} if findings.methods else {}),
        **({"weight_decay": interplay_json(findings.weight_decay)} if findings.weight_decay else {}),
        "exponents": exponents_json(findings.exponents),
        **({"transfers": transfer_json(findings.transfers)} if findings.transfers else {}),
        **({"foreseen": foresights_json(findings.foreseen)} if findings.foreseen else {}),
        "warnings": [{"code": trap.code, "message": trap.message} for trap in findings.traps],
        "provenance": _provenance(findings) | (origin or {}),
    }


def _regime_json(regime: Regime) -> dict[str, Any]:
    return {
        "epochs": int(regime.epochs) if regime.epochs == int(regime.epochs) else regime.epochs,
        "prefer": regime.prefer,
        "perhaps_chance": regime.perhaps_chance,
        "advantage_points": rounded(regime.advantage_points),
        "ci95": rounded_each(regime.ci95),
        "num_pairs": regime.num_pairs,
    }


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "from": step.from_px,
        "to": step.to_px,
        "points": rounded(step.points),
        "ci95": rounded_each(step.ci95),
        "flops_ratio": rounded(step.flops_ratio),
        "against": {
            rival.axis: {
                "advantage_points": rounded(rival.advantage_points),
                "ci95": rounded_each(rival.ci95),
                "num_pairs": rival.num_pairs,
            }
            for rival in step.rivals
        },
    }


def _return_json(found: Return) -> dict[str, Any]:
    return {
        "axis": found.axis,
        "from": found.from_value,
        "to": found.to_value,
        "at": found.at,
        "points": rounded(found.points),
        "ci95": rounded_each(found.ci95),
        "verdict": found.verdict,
    }


def _provenance(findings: Findings) -> dict[str, Any]:
    table, noise = findings.table, findings.noise
    seeds = sorted({int(seed) for seed in table.usable["seed"]})
    return {
        "source": table.source,
        "num_rows": len(table.rows),
        "num_rows_used": len(table.usable),
        "num_rows_extrapolated": len(table.informative) - len(table.usable),
        "left_out": table.left_out(),
        "num_models": len(findings.groups),
        "seeds": seeds,
        "rows_sha256": table.digest(),
        "noise": {
            "kind": noise.kind,
            "scale": rounded(noise.scale) if noise.known else None,
            "power": rounded(noise.power) if noise.known else None,
            "growth": dict(zip(SIZES, map(rounded, noise.growth), strict=True)) if noise.known else None,
            "middle": dict(zip(SIZES, np.exp(noise.middle).tolist(), strict=True)) if noise.known else None,
            "degrees_of_freedom": noise.df,
        },
        "bootstrap": {"replicates": findings.replicates, "seed": BOOTSTRAP_SEED},
        "latency": findings.table.latency_of or None,
        "settings": {f"{regime.epochs:g} epochs": regime.setting for regime in findings.pairs.regimes},
        "resolution_epochs": findings.resolution.epochs,
    }
