"""What frames bring, as a table, as sentences and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from analysis.frames.frames import Frames, FrameStep
from analysis.model import points_text
from analysis.sheet import Sheet
from scaling.quantity import counted, listed


def frames_sheet(frames: Frames) -> Sheet:
    """One row per step, and one per rival."""
    steps = [
        (
            f"{step.from_frames} to {step.to_frames} frames",
            "" if step.flops_ratio is None else f"{step.flops_ratio:.2f}",
            f"{step.points:+.2f}",
            "unknown" if step.ci95 is None else f"{step.ci95[0]:+.2f} to {step.ci95[1]:+.2f}",
            counted(step.num_models, "model"),
            step.verdict,
        )
        for step in frames.steps
    ]
    rivals = [
        (
            f"frames rather than {rival.axis}",
            "1",
            f"{rival.advantage_points:+.2f}",
            "unknown" if rival.ci95 is None else f"{rival.ci95[0]:+.2f} to {rival.ci95[1]:+.2f}",
            counted(rival.num_pairs, "pair"),
            rival.prefer,
        )
        for rival in frames.rivals
    ]
    return Sheet(
        title="Frames of a clip",
        note=f"At {counted(frames.epochs, 'epoch')}, points of top-1 with 95 % intervals. Steps compare the "
        "same network; their verdicts share 5 %, as do those of frames against another axis at equal FLOPs.",
        head=("", "times the FLOPs", "points", "95 %", "of", "verdict"),
        rows=[*steps, *rivals],
        topic="frames",
    )


def frames_sentences(frames: Frames) -> Iterator[str]:
    """What each step brings, and where the same FLOPs do better."""
    at = f"At {counted(frames.epochs, 'epoch')}"
    for step in frames.steps:
        yield f"{at}, {_step_text(step)}."
    for rival in frames.rivals:
        verdict = {
            "undecided": f"whether frames or {rival.axis} buys more for the same FLOPs is undecided",
            "frames": f"more frames buy more than {rival.axis} for the same FLOPs",
        }.get(rival.prefer, f"{rival.axis} buys more than more frames for the same FLOPs")
        advantage = points_text(rival.advantage_points, rival.ci95)
        yield f"{at}, {verdict}: {advantage}, {counted(rival.num_pairs, 'pair')}."


def frames_summary(frames: Frames) -> str:
    """All steps and rivals in one sentence."""
    told = [
        f"from {step.from_frames} to {step.to_frames} {step.verdict} ({points_text(step.points, step.ci95)})"
        for step in frames.steps
    ]
    against = [
        f"against {rival.axis} at equal FLOPs {rival.prefer} "
        f"({points_text(rival.advantage_points, rival.ci95)})"
        for rival in frames.rivals
    ]
    return f"Of the frames of a clip, going {listed(told)}{'; ' if against else ''}{listed(against)}."


def _step_text(step: FrameStep) -> str:
    verdict = {"undecided": "whether that helps is undecided"}.get(step.verdict, f"that {step.verdict}")
    cost = "" if step.flops_ratio is None else f" ({step.flops_ratio:.2f} times the FLOPs)"
    return (
        f"{step.to_frames} frames rather than {step.from_frames}{cost} give "
        f"{points_text(step.points, step.ci95)}, {counted(step.num_models, 'model')}: {verdict}"
    )


def frames_json(frames: Frames) -> dict[str, Any]:
    """The rule of frames as `rules.json` has it."""
    return asdict(frames)
