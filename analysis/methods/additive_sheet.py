"""The additive study as a table, as sentences and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from analysis.contrast import Effect, Ratio
from analysis.methods.additive import Ladder, Rung, Share
from analysis.model import points_text
from analysis.sheet import Sheet
from scaling.quantity import counted, listed


def methods_sheet(ladder: Ladder) -> Sheet:
    """One row per rung, with the paper's numbers beside it unless the ladder is the paper's own."""
    rows = [_cells(rung) for rung in ladder.rungs]
    head = ("method", "seeds", "top-1", "step", "95 %", "verdict", "so far", "paper", "paper's step")
    kept = len(head) - 2 * ladder.is_the_papers
    paper = "" if ladder.is_the_papers else f" Paper: {ladder.order.paper}."
    return Sheet(
        title="Training methods, each added to those before",
        note=f"{ladder.metric} in percent with 95 % intervals. A step is the gain over the rung before, "
        f"seed by seed; the verdicts of all steps share 5 %. So far: gain over the first rung.{paper}",
        head=head[:kept],
        rows=[row[:kept] for row in rows],
        topic="methods",
    )


def _cells(rung: Rung) -> tuple[str, ...]:
    step, so_far = rung.step, rung.so_far
    return (
        rung.label,
        str(rung.num_seeds),
        f"{rung.top1:.2f}" if rung.ci95 is None else f"{rung.top1:.2f} ± {rung.ci95[1] - rung.top1:.2f}",
        "" if step is None else f"{step.points:+.2f}",
        interval_cell(step),
        "" if step is None else step.verdict,
        "" if so_far is None else f"{so_far.points:+.2f}",
        "" if rung.paper_top1 is None else f"{rung.paper_top1:.1f}",
        "" if rung.paper_step is None else f"{rung.paper_step:+.1f}",
    )


def interval_cell(effect: Effect | None) -> str:
    if effect is None or effect.ci95 is None:
        return ""
    return f"{effect.ci95[0]:+.2f} to {effect.ci95[1]:+.2f}"


def methods_sentences(ladder: Ladder) -> Iterator[str]:
    """The total of the ladder, its steps, the share of training methods, and what is missing."""
    rungs = ladder.rungs
    if len(rungs) > 1:
        yield total_sentence(ladder)
        yield _steps_sentence(rungs)
        yield share_sentence(ladder)
    else:
        yield f"There are results of {counted(len(rungs), 'rung')} of the ladder: a step needs two."
    for gap in ladder.gaps:
        yield f"{gap.text}{'' if gap.num_done else ': the next step spans it'}."


def total_sentence(ladder: Ladder) -> str:
    """`From ResNet to ResNet-D, 10 steps, top1 goes from 79.00 to 83.40 %: +4.4 points (3.5, 5.3), 1
    seed.`"""
    first, last = ladder.rungs[0], ladder.rungs[-1]
    so_far = last.so_far
    points = "no seed in common" if so_far is None else effect_text(so_far)
    steps = counted(len(ladder.rungs) - 1, "step")
    return (
        f"From {_name(first)} to {_name(last)}, {steps}, {ladder.metric} goes from {first.top1:.2f} to "
        f"{last.top1:.2f} %: {points}."
    )


def effect_text(effect: Effect) -> str:
    noise = "noise as declared" if effect.is_declared else counted(effect.num_seeds, "seed")
    return f"{points_text(effect.points, effect.ci95)}, {noise}"


def _name(rung: Rung) -> str:
    return rung.label.removeprefix("+ ")


def _steps_sentence(rungs: list[Rung]) -> str:
    steps = [(rung, rung.step) for rung in rungs[1:] if rung.step is not None]
    told = [
        f"{_name(rung)} {step.verdict} ({points_text(step.points, step.ci95)})"
        for rung, step in steps
        if step.verdict != "undecided"
    ]
    rest = sum(step.verdict == "undecided" for _, step in steps)
    if not told:
        return f"None of {counted(len(steps), 'step')} is decided, at 5 % shared among all."
    more = f"; {rest} {'is' if rest == 1 else 'are'} undecided" if rest else ""
    return f"Of {counted(len(steps), 'step')}, at 5 % shared among all, {listed(told)}{more}."


def share_sentence(ladder: Ladder) -> str:
    """Where the points of the whole come from, or why that is not known."""
    share = ladder.share
    if share is None:
        return f"How the points divide between training and architecture is not known: {ladder.no_share}."
    paper = "" if ladder.is_the_papers else f"; the paper's share is {_percent(ladder.order.paper_share)}"
    parts = (
        f"training methods {effect_text(share.training)}, architecture "
        f"{points_text(share.architecture.points, share.architecture.ci95)}"
    )
    why = _undivided(share)
    if why:
        return f"The share of training methods is undecided, since {why}: {parts}{paper}."
    assert share.ratio is not None
    where = {
        "training": ", more than half",
        "architecture": ", less than half",
        "undecided": "; whether that is more than half is undecided",
    }[share.verdict]
    return f"Training methods give {ratio_text(share.ratio)} of the points{where}: {parts}{paper}."


def ratio_text(ratio: Ratio) -> str:
    if ratio.ci95 is None:
        return f"{_percent(ratio.value)} (no interval)"
    return f"{_percent(ratio.value)} ({', '.join(map(_percent, ratio.ci95))})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %".replace("-", "−")


def _undivided(share: Share) -> str:
    """Why the share is undecided, as a clause; empty where it is not."""
    if share.together.ci95 is None:
        return "one seed has no interval"
    if share.together.verdict == "hurts":
        return "all methods together cost points"
    if share.ratio is None or share.ratio.ci95 is None:
        return "the total gain is not distinguishable from zero"
    return ""


def methods_json(ladder: Ladder) -> dict[str, Any]:
    """The ladder as `rules.json` has it."""
    return {name: value for name, value in asdict(ladder).items() if name != "order"}
