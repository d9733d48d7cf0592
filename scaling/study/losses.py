"""Losses: what a study can no longer learn if some points of its grid are left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from scaling.quantity import counted, listed
from scaling.study.point import KNOBS, Point

EXTRAPOLATED = 4
"""Ratio of FLOPs between the largest requested and the largest kept model from which a sentence warns."""


def losses(asked: Sequence[Point], kept: Sequence[Point]) -> list[str]:
    """One sentence for each thing that the points `asked` could teach and the points `kept` cannot."""
    if len(kept) == len(asked) or not kept:
        return []
    return [
        *_axes(asked, kept),
        *_regimes(
            asked, kept, "pair of a deeper and a wider model", "depth and width are not compared", _pairs
        ),
        *_regimes(asked, kept, "model at two resolutions", "resolutions are not compared", _resolutions),
        *_seeds(asked, kept),
        *_largest(asked, kept),
    ]


def _axes(asked: Sequence[Point], kept: Sequence[Point]) -> list[str]:
    sentences = []
    for axis in KNOBS:
        before, after = ({getattr(point, axis) for point in points} for points in (asked, kept))
        lost = sorted(before - after)
        if len(after) == 1 and lost:
            sentences.append(
                f"{axis} is left with one value, {next(iter(after)):g}: nothing can be learned about it."
            )
        elif lost:
            sentences.append(f"{axis} loses {', '.join(f'{value:g}' for value in lost)}.")
    return sentences


Regime = tuple[str, int]
"""Setting and epochs; models are compared within one regime."""


def _regimes(
    asked: Sequence[Point],
    kept: Sequence[Point],
    what: str,
    so: str,
    found: Callable[[Iterable[Point]], bool],
) -> list[str]:
    before, after = (_by_regime(points) for points in (asked, kept))
    lost = [regime for regime, points in before.items() if found(points) and not found(after.get(regime, ()))]
    epochs = sorted({epochs for _, epochs in lost})
    if not epochs:
        return []
    where = listed([*(f"{number}" for number in epochs[:-1]), counted(epochs[-1], "epoch")])
    num_lost, num_settings = (len({setting for setting, _ in regimes}) for regimes in (lost, before))
    of = "" if num_lost == num_settings == 1 else f" in {num_lost} of {num_settings} settings"
    return [f"At {where}{of} no {what} is left: {so} there."]


def _by_regime(points: Iterable[Point]) -> dict[Regime, list[Point]]:
    regimes: defaultdict[Regime, list[Point]] = defaultdict(list)
    for point in points:
        regimes[point.setting, point.epochs].append(point)
    return regimes


def _pairs(points: Iterable[Point]) -> bool:
    """Whether, at one input size, a model has both a deeper one of its width and a wider one of its depth."""
    planes: defaultdict[tuple[int, int | None], set[tuple[float, float]]] = defaultdict(set)
    for point in points:
        planes[point.resolution, point.frames].add((point.depth, point.width))
    for models in planes.values():
        deepest: dict[float, float] = {}
        widest: dict[float, float] = {}
        for depth, width in models:
            deepest[width] = max(deepest.get(width, depth), depth)
            widest[depth] = max(widest.get(depth, width), width)
        if any(deepest[width] > depth and widest[depth] > width for depth, width in models):
            return True
    return False


def _resolutions(points: Iterable[Point]) -> bool:
    seen: defaultdict[tuple[float, float], set[int]] = defaultdict(set)
    for point in points:
        seen[point.depth, point.width].add(point.resolution)
    return any(len(resolutions) > 1 for resolutions in seen.values())


def _seeds(asked: Sequence[Point], kept: Sequence[Point]) -> list[str]:
    if _repeated(asked) and not _repeated(kept):
        return ["No model is left with two seeds: the noise is unknown, and so are the intervals."]
    return []


def _repeated(points: Iterable[Point]) -> bool:
    seen: dict[tuple[object, ...], int] = {}
    for point in points:
        model = (point.setting, *(getattr(point, axis) for axis in KNOBS if axis != "seed"))
        if seen.setdefault(model, point.seed) != point.seed:
            return True
    return False


def _largest(asked: Sequence[Point], kept: Sequence[Point]) -> list[str]:
    before, after = (max(point.cost.flops for point in points) for points in (asked, kept))
    if before < EXTRAPOLATED * after:
        return []
    return [
        f"The largest model left has 1/{before / after:.2g} of the FLOPs of the largest requested: what is "
        "learned must be extrapolated to that."
    ]
