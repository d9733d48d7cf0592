"""A summary: what a study says, in few enough sentences for all of them to be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from analysis.findings import Findings
from analysis.frames.sheet import frames_summary
from analysis.frontier.frontier import Frontier
from analysis.law.exponents import KNOBS, Exponents, power_text
from analysis.methods.additive_sheet import share_sentence, total_sentence
from analysis.methods.weight_decay_sheet import interaction_sentence
from analysis.model import axes_text, points_text
from analysis.pairs.pairs import Pairs, Regime
from analysis.resolution.resolution import Resolution
from analysis.sentences import base_text, crossover_sentence, near_text, verdict_text
from analysis.speedup.sentences import speedup_sentence
from analysis.speedup.slow_resolution_sheet import ladder_sentences
from analysis.speedup.speedup import Speedup
from analysis.traps.trap import by_gravity
from scaling.quantity import counted, listed

NUM_GRAVEST = 2
"""Number of warnings shown in full."""


def summary(findings: Findings) -> dict[str, list[str]]:
    """At most six sentences and the gravest warnings, by topic of `sentences_by_topic` or `warnings`."""
    told = {
        "frontier": [*_frontier_sentences(list(findings.frontiers.values())[:1])],
        "methods": [*_methods_sentences(findings)],
        "weight_decay": [interaction_sentence(findings.weight_decay)] if findings.weight_decay else [],
        "pairs": [*_pairs_sentence(findings.pairs), *crossover_sentence(findings)],
        "resolution": [*_resolution_sentence(findings.resolution)],
        "frames": [frames_summary(findings.frames)] if findings.frames else [],
        "speedup": [*_speedup_sentences(findings.at_equal_accuracy.speedups)],
        "ladders": [*ladder_sentences(findings.at_equal_accuracy.ladders[:1])],
        "law": [_law_sentence(findings.exponents)] if findings.law else [],
        "warnings": [*_warnings(findings)],
    }
    return {topic: each for topic, each in told.items() if each}


def _speedup_sentences(found: Sequence[Speedup]) -> Iterator[str]:
    """Every family at one cost: the first profiled one, else FLOPs."""
    yield from (speedup_sentence(each) for each in found if each.cost == found[0].cost)


def _frontier_sentences(frontiers: Sequence[Frontier]) -> Iterator[str]:
    for frontier in frontiers:
        for where, each in frontier.apart.items():
            yield f"{where}{_frontier_sentence(each)}"


def _frontier_sentence(frontier: Frontier) -> str:
    """`34 of 177 models are on the frontier of error against FLOPs, from 43.20 % at 108M to 14.00 % at …`"""
    cost, line = frontier.cost, frontier.line
    costs = [f"{row['error']:.2f} % at {cost.text(row[cost.column])}" for _, row in line.iterrows()]
    span = f"from {costs[0]} to {costs[-1]}" if len(line) > 1 else costs[0]
    count = f"{len(line)} of {counted(len(frontier.members), 'model')} {'is' if len(line) == 1 else 'are'}"
    best = axes_text(line.iloc[-1]) + frontier.setting_text(line.iloc[-1])
    return (
        f"{count} on the frontier of error against {cost.full_label}, {span} ({best}){near_text(frontier)}."
    )


def _methods_sentences(findings: Findings) -> Iterator[str]:
    ladder = findings.methods
    if ladder is not None and len(ladder.rungs) > 1:
        yield total_sentence(ladder)
        yield share_sentence(ladder)


def _pairs_sentence(pairs: Pairs) -> Iterator[str]:
    """The verdict of each regime; of neighbours with the same verdict, only the longest has its numbers."""
    if not pairs.regimes:
        return
    parts = []
    for verdict, alike in groupby(pairs.regimes, key=verdict_text):
        same = list(alike)
        last = same[-1]
        where = f" at {last.epochs:g}" if len(same) > 1 else ""
        advantage = points_text(last.advantage_points, last.ci95)
        parts.append(f"{verdict} at {_epochs_text(same)}: {advantage}{where}")
    bases = {base_text(regime) for regime in pairs.regimes}
    base = bases.pop() if len(bases) == 1 else ""
    sentence = f"{base}for the same {pairs.cost.full_label}, {'; '.join(parts)}."
    yield sentence[0].upper() + sentence[1:]


def _epochs_text(regimes: Sequence[Regime]) -> str:
    if len(regimes) == 1:
        return counted(regimes[0].epochs, "epoch")
    return f"{listed([f'{regime.epochs:g}' for regime in regimes])} epochs"


def _resolution_sentence(resolution: Resolution) -> Iterator[str]:
    steps = resolution.gain_per_doubling
    if resolution.epochs is None or not steps:
        return
    ends = [steps[0], steps[-1]] if len(steps) > 1 else [steps[0]]
    gains = [f"{points_text(step.points, step.ci95)} from {step.from_px} px" for step in ends]
    verdict = {
        "slow": "raise it slowly",
        "fast": "raise it fast, it buys more than depth and than width",
        "undecided": "whether to raise it slowly or fast is undecided",
    }[resolution.prefer]
    if resolution.cap is not None:
        verdict += f", since above {resolution.cap} px depth or width buys more for the same FLOPs"
    at = f"At {counted(resolution.epochs, 'epoch')}"
    yield f"{at} a doubling of the resolution gives {listed(gains)}: {verdict}."


def _law_sentence(found: Exponents) -> str:
    """`Along the law's best networks at 350 epochs, depth grows as FLOPs^0.48 (−0.02, 1.04) and …`"""
    powers = {knob: power_text(getattr(found, knob)) for knob in KNOBS}
    known = [f"{knob} as {power}" for knob, power in powers.items() if power]
    unknown = [knob for knob, power in powers.items() if not power]
    if not known:
        return f"How fast {listed(unknown)} should grow with cost is undetermined: {found.reason}."
    grows = listed(known).replace(" as ", " grows as ", 1)
    rest = f"; {listed(unknown)} {'is' if len(unknown) == 1 else 'are'} undetermined" if unknown else ""
    assert found.epochs is not None  # a law has a power
    return f"Along the law's best networks at {counted(found.epochs, 'epoch')}, {grows}{rest}."


def _warnings(findings: Findings) -> Iterator[str]:
    traps = by_gravity(findings.traps)
    if len(traps) > NUM_GRAVEST:
        yield f"There are {len(traps)}; the most serious are:"
    yield from (trap.message for trap in traps[:NUM_GRAVEST])
