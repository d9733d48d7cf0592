"""Branching: which points of a plan branch off a shared trunk, at which step, and what that saves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scaling.study.plan import Plan, Planned
from scaling.study.point import Point
from scaling.study.store import Study
from scaling.study.trunk import Branch, carriers, last_state, trunk_directory, trunk_steps


def branched(study: Study, plan: Plan) -> Plan:
    """The plan with points branched off shared trunks; their `share_left` counts only their own steps."""
    carried = carriers(plan.to_run)
    to_train = {entry.point.id: entry for entry in plan.entries if entry.is_to_train}
    entries = []
    for entry in plan.entries:
        carrier = carried.get(entry.point.id)
        fresh = entry.point.id in to_train and entry.share_left == 1
        entries.append(_branched(study, entry, to_train[carrier.id] if carrier else None) if fresh else entry)
    return replace(plan, entries=entries)


def _branched(study: Study, entry: Planned, carrier: Planned | None) -> Planned:
    """A new point, branched off the trunk that `carrier` trains or off a saved state of its trunk."""
    end = trunk_steps(entry.point)
    if not end:
        return entry
    there = last_state(trunk_directory(study.path, entry.point), end)
    if carrier is not None and there < end and (1 - carrier.share_left) * carrier.point.num_steps <= end:
        branch = Branch(step=end, carrier=carrier.point.id)
        why = f"{entry.why}, branches off {branch.carrier} after step {end}"
    elif there:
        branch, why = Branch(step=there, carrier=None), f"{entry.why}, continues from trunk step {there}"
    else:
        return entry
    return replace(entry, branch=branch, why=why, share_left=1 - branch.step / entry.point.num_steps)


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What the branches of a plan save compared with training every point from its first step."""

    num_branches: int
    train_flops: float
    share: float
    """Saved share of the training FLOPs that the points of the plan would take without branching."""
    num_apart: int
    """Points that share no trunk with another length of their network, since more than the epochs differs."""


def saved_by(plan: Plan) -> Saved | None:
    """The savings of a plan; None if no point branches and none could."""
    to_train = [entry for entry in plan.entries if entry.is_to_train]
    alone = sum(entry.point.cost.train_flops for entry in to_train if entry.share_left)
    branches = [entry for entry in to_train if entry.branch is not None]
    saved = sum((1 - entry.share_left) * entry.point.cost.train_flops for entry in branches)
    num_apart = _num_apart([entry.point for entry in plan.entries if entry.action != "drop"])
    if not branches and not num_apart:
        return None
    return Saved(
        num_branches=len(branches),
        train_flops=saved,
        share=saved / alone if alone else 0.0,
        num_apart=num_apart,
    )


def _num_apart(points: Sequence[Point]) -> int:
    """Number of points whose trunk does not serve all training lengths of their network."""
    lengths: defaultdict[object, set[int]] = defaultdict(set)
    sharing = [
        (point, _network_of(point), trunk_directory(Path(), point)) for point in points if trunk_steps(point)
    ]
    for point, network, trunk in sharing:
        lengths[network].add(point.epochs)
        lengths[trunk].add(point.epochs)
    return sum(lengths[trunk] != lengths[network] for _, network, trunk in sharing)


def _network_of(point: Point) -> tuple[object, ...]:
    return point.network, point.resolution, point.frames, point.seed
