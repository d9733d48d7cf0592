"""A suggestion in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.model import points_text
from analysis.suggest.foresight import Foresight
from analysis.suggest.suggest import Suggestion
from scaling.quantity import counted, listed

NOTHING_KNOWN = 20.0
"""Width in points above which the interval of an advantage says nothing."""
HOPELESS = 0.05
"""Probability of being settled below which a rule is reported as unlikely to be settled."""
NOTHING_DIFFERS = (
    "Nothing differs beyond the noise of the runs, and the whole grid would decide nothing: use values "
    "that are farther apart, or more seeds than it has."
)
TOO_SMALL = (
    "Whatever its runs say, this grid would decide nothing: use more values of depth, width and "
    "resolution, or more seeds."
)


def foreseen_text(each: Foresight) -> str:
    """`Depth or width at 350 epochs: depth, +0.4 points (0.2, 0.7); settled, the whole grid would say so with
    99%.`"""
    name = each.name[0].upper() + each.name[1:]
    if each.verdict == "alike":
        stands = "settled" if each.settled else "open while the noise of a run is only assumed"
        return f"{name}: {verdict_text(each)}; too little to matter, {stands}."
    settled = "settled, the" if each.settled else "open, the"
    return f"{name}: {verdict_text(each)}; {settled} whole grid would say so with {each.probability:.0%}."


def verdict_text(each: Foresight) -> str:
    """A verdict with its estimate: `depth, +0.4 points (0.2, 0.7)`, `inside range, 42 epochs (30, 60)`,
    `undecided`."""
    verdict = each.verdict.replace("_", " ")
    if each.estimate is None or each.ci95 is None:
        return verdict
    low, high = each.ci95
    match each.kind:
        case "depth_or_width" if high - low > NOTHING_KNOWN:
            return "nothing is known yet"
        case "depth_or_width":
            return f"{verdict}, {points_text(each.estimate, each.ci95)}"
        case "crossover" if each.verdict == "inside_range":
            return f"{verdict}, {each.estimate:.3g} epochs ({low:.3g}, {high:.3g})"
        case "resolution" if each.verdict == "slow":
            return f"{verdict} from {each.estimate:g} px on ({low:g}, {high:g})"
        case "exponent":
            return f"{each.estimate:.3g} ({low:.3g}, {high:.3g})"
        case "family":
            return f"{verdict}, {each.estimate:.1f} % ({low:.1f}, {high:.1f})"
    return verdict


def flops_text(value: float) -> str:
    """FLOPs as text: `6.91e18`, `2.5e9`."""
    digits, e, power = f"{value:.3g}".partition("e")
    return f"{digits}e{int(power)}" if e else digits


def outlook(found: Suggestion, budget: float) -> Iterator[str]:
    """What the proposed runs take and what they will not settle, or why there are none."""
    left = found.whole - found.spent
    spent = f"{flops_text(found.spent)} train FLOPs, {found.spent / found.whole:.0%} of the grid"
    still_open = listed([each.name for each in found.foresights if not each.settled])
    within = f"{flops_text(budget)} train FLOPs"
    match found.status:
        case "settled":
            yield (
                f"Every rule is settled after {spent}: the {flops_text(left)} that are left would not "
                "change a verdict."
            )
        case "teaches":
            runs, price = counted(len(found.points), "run"), flops_text(found.price)
            share = found.price / found.whole
            yield f"{runs} for {price} train FLOPs, {share:.1%} of the grid, after {spent}."
            if found.is_assumed and still_open:
                yield "The noise of a run is only assumed so far: nothing is settled before repeats."
            hopeless = [each.name for each in found.foresights if found.chances.get(each.rule, 1) < HOPELESS]
            if hopeless:
                where = f"Within {within}" if budget < left else "With all that is left"
                yield f"{where}, nothing is likely to settle {listed(hopeless)}."
        case "too_dear":
            yield (
                f"No run that would teach anything about {still_open} fits into {within}: the cheapest takes "
                f"{flops_text(found.cheapest or 0.0)}."
            )
        case "awaited":
            yield "The noise of a run is only assumed so far: repeats that may measure it are under way."
        case "undecidable":
            yield f"Nothing left to run would tell more of {still_open}: add seeds, or widen the grid."
