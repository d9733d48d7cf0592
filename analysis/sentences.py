"""Sentences: the rules in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from analysis.findings import Findings
from analysis.frames.sheet import frames_sentences
from analysis.frontier.frontier import Frontier
from analysis.law.exponents import exponents_sentence
from analysis.methods.additive_sheet import methods_sentences
from analysis.methods.weight_decay_sheet import interplay_sentences
from analysis.model import points_text
from analysis.noise import run_sd
from analysis.pairs.pairs import Pairs, Regime
from analysis.pseudo_labels.sheet import pseudo_labels_sentences
from analysis.resolution.resolution import Resolution, Step
from analysis.returns import return_sentences
from analysis.speedup.sentences import speedup_sentences
from analysis.speedup.slow_resolution_sheet import ladder_sentences
from analysis.suggest.sentences import foreseen_text
from analysis.transfer.sentences import transfer_sentences
from scaling.quantity import counted, listed

NO_RULE = "These results compare nothing at equal cost: there is no rule."
HEADINGS = {
    "frontier": "Frontier",
    "methods": "Training methods",
    "weight_decay": "Weight decay",
    "pairs": "Depth or width",
    "resolution": "Resolution",
    "frames": "Frames",
    "returns": "Single steps",
    "speedup": "Speed at equal accuracy",
    "ladders": "Ladders of resolution",
    "pseudo": "Pseudo-labels",
    "transfer": "Transfer",
    "law": "Law",
    "noise": "Noise",
    "foreseen": "What the whole grid would say",
    "hours": "Hours",
    "missing": "What is missing",
    "warnings": "Warnings",
}
"""Heading of each topic, in the order of the report."""


def sentences(findings: Findings) -> list[str]:
    """The rules in words, most important first."""
    return [sentence for told in sentences_by_topic(findings).values() for sentence in told]


def sentences_by_topic(findings: Findings) -> dict[str, list[str]]:
    """The sentences by what they rest on: a topic of `basis`, or `noise`."""
    return {
        "methods": [*methods_sentences(findings.methods)] if findings.methods else [],
        "weight_decay": [*interplay_sentences(findings.weight_decay)] if findings.weight_decay else [],
        "pairs": [*_regime_sentences(findings.pairs), *crossover_sentence(findings)],
        "resolution": [*_resolution_sentences(findings.resolution)],
        "frames": [*frames_sentences(findings.frames)] if findings.frames else [],
        "pseudo": [*pseudo_labels_sentences(findings.pseudo_labels)] if findings.pseudo_labels else [],
        "frontier": [
            f"{where}{_frontier_sentence(each)}"
            for frontier in findings.frontiers.values()
            for where, each in frontier.apart.items()
        ],
        "speedup": [
            *speedup_sentences(
                findings.table, findings.at_equal_accuracy.speedups, findings.at_equal_accuracy.printed
            )
        ],
        "ladders": [*ladder_sentences(findings.at_equal_accuracy.ladders)],
        "transfer": [*transfer_sentences(findings.transfers)],
        "law": [exponents_sentence(findings.exponents)] if findings.law else [],
        "returns": [*return_sentences(findings.returns, findings.pairs.regimes)],
        "noise": [*_noise_sentence(findings)],
        "foreseen": [*map(foreseen_text, findings.foreseen.foresights)] if findings.foreseen else [],
    }


def count_sentence(findings: Findings) -> str:
    """Status of the points: `70 of 72 points completed, 1 failed, 1 pending; 24 models.`"""
    status = findings.table.rows["status"].value_counts()
    rest = [f"{status[name]} {name}" for name in ("failed", "running", "pending") if name in status]
    done = f"{status.get('completed', 0)} of {len(findings.table.rows)} points completed"
    return ", ".join([done, *rest]) + f"; {counted(len(findings.groups), 'model')}."


def _frontier_sentence(frontier: Frontier) -> str:
    cost, line = frontier.cost, frontier.line
    ends = [
        f"{row['error']:.2f} % at {cost.text(row[cost.column])}" for _, row in line.iloc[[0, -1]].iterrows()
    ]
    span = " to ".join(ends) if len(line) > 1 else ends[0]
    names = f"{counted(len(line), 'model')} on the frontier of error against {cost.full_label}"
    return f"{names}: {span}{near_text(frontier)}."


def near_text(frontier: Frontier) -> str:
    """`; 17 more are within noise of it`; empty if none is."""
    near = int((frontier.members["standing"] == "within_noise").sum())
    return f"; {near} more {'is' if near == 1 else 'are'} within noise of it" if near else ""


def _regime_sentences(pairs: Pairs) -> Iterator[str]:
    for regime in pairs.regimes:
        yield _regime_sentence(regime, pairs)
        sizes = [each for each in pairs.by_resolution if each.epochs == regime.epochs]
        if len(sizes) > 1 and any(each.prefer != "undecided" for each in sizes):
            yield f"At {counted(regime.epochs, 'epoch')}, {_sizes_text(sizes)}."


def _regime_sentence(regime: Regime, pairs: Pairs) -> str:
    numbers = f"{points_text(regime.advantage_points, regime.ci95)}, {counted(regime.num_pairs, 'pair')}"
    price = "" if regime.prefer == "undecided" else f" for the same {pairs.cost.full_label}"
    return (
        f"At {counted(regime.epochs, 'epoch')}, {base_text(regime)}{verdict_text(regime)}{price}: {numbers}."
    )


def verdict_text(regime: Regime) -> str:
    """The verdict in words, such as `depth is better than width`, or why there is none."""
    if regime.pairs_disagree:
        return "it depends on the model whether depth or width is better"
    if regime.perhaps_chance:
        return "depth and width cannot be told apart once chance among several regimes is allowed for"
    if regime.prefer == "undecided" and regime.ci95 is not None and regime.ci95[0] * regime.ci95[1] > 0:
        return "there are too few pairs or repeats to say whether depth or width is better"
    return {
        "depth": "depth is better than width",
        "width": "width is better than depth",
        "undecided": "depth and width cannot be told apart",
    }[regime.prefer]


def base_text(regime: Regime) -> str:
    """`from depth 101 and width 1, ` where all pairs start from one model; else empty."""
    if len(regime.bases) > 1:
        return ""
    depth, width = regime.bases[0]
    return f"from depth {depth:g} and width {width:g}, "


def _sizes_text(sizes: Sequence[Regime]) -> str:
    """The verdicts by resolution: `depth is better at 224 and 320 px and not decided at 128 and 160 px`."""
    said = {"depth": "depth is better at", "width": "width is better at", "undecided": "not decided at"}
    parts = []
    for verdict, words in said.items():
        at = [f"{each.resolution:g}" for each in sizes if each.prefer == verdict]
        if at:
            parts.append(f"{words} {listed(at)} px")
    return listed(parts)


def _noise_sentence(findings: Findings) -> Iterator[str]:
    noise = findings.noise
    if not noise.known:
        return
    typical = float(np.median(run_sd(findings.groups, noise)))
    source = {
        "seeds": "measured from repeats",
        "declared": "as the source declares it, since no model was trained twice",
        "interaction": "an upper bound from the interaction of architecture and resolution, since no model "
        "was trained twice",
    }[noise.kind]
    runs = findings.table.num_runs
    of = "one run" if runs == 1 else f"a mean of {runs} runs"
    yield (
        f"All intervals are 95 % and cover run-to-run noise: {typical:.2f} points (standard "
        f"deviation of {of}, {counted(noise.df, 'degree')} of freedom), {source}."
    )


def crossover_sentence(findings: Findings) -> Iterator[str]:
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
        yield f"{at}, {_step_text(step)}."
    if resolution.change_by is not None:
        change = points_text(resolution.change_by, resolution.change_ci95)
        yield f"{at}, the gain per doubling changes from one step to the next by {change}."
    verdict = {
        "slow": "raise the resolution slowly: at high resolution, depth or width buys more",
        "fast": "raise the resolution fast: it buys more than depth and than width",
        "undecided": "whether to raise the resolution slowly or fast is undecided",
    }[resolution.prefer]
    yield f"{at}, {verdict}."
    if resolution.cap is not None and resolution.ci95 is not None:
        low, high = resolution.ci95
        cap = f"{resolution.cap} px ({low:.0f}, {high:.0f}; of the resolutions measured)"
        yield f"{at}, above {cap} depth or width buys more than resolution for the same FLOPs."


def _step_text(step: Step) -> str:
    cost = "" if step.flops_ratio is None else f" ({step.flops_ratio:.1f} times the FLOPs)"
    gain = points_text(step.points, step.ci95)
    against = [f"{points_text(each.advantage_points, each.ci95)} against {each.axis}" for each in step.rivals]
    rest = f"; for the same FLOPs {listed(against)}" if against else ""
    return f"from {step.from_px} to {step.to_px} px{cost} a doubling of the resolution gives {gain}{rest}"
