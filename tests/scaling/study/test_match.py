"""Matches: the solved axis against an exhaustive scan, and what a budget cannot meet."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest

from scaling.errors import Refused
from scaling.models.efficientnet import EfficientNet, EfficientNetRS
from scaling.models.families import Family
from scaling.models.resnet import ResNet, ResNetRS
from scaling.models.resnet3d_rs import ResNet3DRS
from scaling.models.resnet_small import ResNetSmall
from scaling.study.match import Match, MatchedCost, SolvedAxis, solve
from scaling.study.point import Point

Make = Callable[..., Point]

CASES: list[tuple[MatchedCost, SolvedAxis]] = [
    ("flops", "depth"),
    ("flops", "width"),
    ("flops", "resolution"),
    ("train_flops", "depth"),
    ("train_flops", "width"),
    ("train_flops", "resolution"),
    ("train_flops", "epochs"),
    ("params", "depth"),
    ("params", "width"),
]
FAMILIES: dict[str, Family] = {
    "resnet_small": ResNetSmall(),
    "one base channel": ResNetSmall(base_channels=1),
    "resnet": ResNet(),
    "resnet_rs": ResNetRS(),
    "resnet_rs without SE": ResNetRS(se_ratio=0),
    "efficientnet": EfficientNet(),
    "efficientnet_rs": EfficientNetRS(),
    "resnet3d_rs": ResNet3DRS(),
}
SPAN = 40
"""Values on each side of the answer that are tried."""


def _at(make_point: Make, family: Family, axis: str, others: dict[str, Any]) -> Callable[[float], Point]:
    """Makes points at values of an axis; those of clips from a data set of clips."""
    data = make_point().data
    clips = {"frames": 8, "data": replace(data, clips=True)} if isinstance(family, ResNet3DRS) else {}
    return lambda value: make_point(model=family, family="any", **{**others, **clips, axis: value})


def _some_point(random_: random.Random, family: Family) -> dict[str, Any]:
    """Axis values at which every family can be built."""
    count = 60 if isinstance(family, ResNet) else 30
    depths = family.depths[80:300] if isinstance(family, EfficientNet) else family.depths[:count]
    width = random_.choice([2.0, 3.5]) if family == ResNetSmall(base_channels=1) else 0.25
    return {
        "depth": random_.choice(depths),
        "width": width * random_.choice([1, 1.3, 2, 4]),
        "resolution": random_.randint(40, 320),
        "epochs": random_.randint(1, 400),
    }


def _neighbours(axis: SolvedAxis, family: Family, value: float) -> list[float]:
    """Values of the axis around one of them, in their order, where the search could have ended too."""
    if axis == "depth":
        here = min(range(len(family.depths)), key=lambda index: abs(family.depths[index] - value))
        return list(family.depths[max(here - SPAN, 0) : here + SPAN])
    step = 1e-3 if axis == "width" else 1
    return [round(value + step * offset, 3) for offset in range(-SPAN, SPAN + 1)]


def _tried(at: Callable[[float], Point], value: float) -> Point | None:
    try:
        return at(value if value != int(value) else int(value))
    except Refused:
        return None


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize(("cost", "axis"), CASES)
def test_no_other_value_comes_nearer(
    make_point: Make, family: Family, cost: MatchedCost, axis: SolvedAxis
) -> None:
    random_ = random.Random(f"{cost} {axis} {family}")
    for _ in range(3):
        others = _some_point(random_, family)
        at = _at(make_point, family, axis, others)
        budget = getattr(at(others[axis]).cost, cost) * random_.uniform(0.9, 1.1)
        found = solve(Match(cost=cost, budgets=(budget,), solve=axis, tolerance=3), budget, family, at)
        assert {name: found.axes[name] for name in others if name != axis} == {
            name: value for name, value in others.items() if name != axis
        }

        def ratio(point: Point, budget: float = budget) -> float:
            return abs(math.log(getattr(point.cost, cost) / budget))

        tried = [_tried(at, value) for value in _neighbours(axis, family, getattr(found, axis))]
        best = min(ratio(point) for point in tried if point is not None)
        assert ratio(found) == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize(("cost", "axis"), CASES)
def test_the_cost_of_a_point_leads_back_to_it(
    make_point: Make, family: Family, cost: MatchedCost, axis: SolvedAxis
) -> None:
    """The whole lattice is searched: no far part of it is lost."""
    random_ = random.Random(f"{axis} {cost} {family}")
    for _ in range(5):
        others = _some_point(random_, family)
        at = _at(make_point, family, axis, others)
        point = at(others[axis])
        budget = getattr(point.cost, cost)
        found = solve(Match(cost=cost, budgets=(budget,), solve=axis, tolerance=1e-9), budget, family, at)
        assert getattr(found.cost, cost) == budget


@pytest.mark.parametrize("depth", [350, 383, 395, 401, 404, 419, 440, 1001])
@pytest.mark.parametrize("cost", ["flops", "params"])
def test_a_depth_near_a_layout_off_the_line_is_found(make_point: Make, depth: int, cost: MatchedCost) -> None:
    """ResNet-RS-400 has more blocks in its last stage than 420 has, and so more parameters."""
    family = ResNetRS(stem_pool="max")
    at = _at(make_point, family, "depth", {"resolution": 64})
    budget = getattr(at(depth).cost, cost)
    found = solve(Match(cost=cost, budgets=(budget,), solve="depth", tolerance=1e-9), budget, family, at)
    assert found.network == at(depth).network


@pytest.mark.parametrize(
    "family", [*(FAMILIES[name] for name in FAMILIES if name != "resnet3d_rs"), ResNetSmall(base_channels=5)]
)
def test_a_width_is_told_in_the_fewest_digits(make_point: Make, family: Family) -> None:
    random_ = random.Random(0)
    for _ in range(12):
        others = _some_point(random_, family) | {"width": random_.uniform(2, 6)}
        at = _at(make_point, family, "width", others)
        budget = at(others["width"]).cost.params * random_.uniform(0.95, 1.05)
        match = Match(cost="params", budgets=(budget,), solve="width", tolerance=3)
        found = solve(match, budget, family, at)
        digits = len(f"{found.width:.3f}".rstrip("0").partition(".")[2])
        plainer = [round(step * 10**-few, few) for few in range(digits) for step in range(1, 7 * 10**few)]
        same = [width for width in plainer if (one := _tried(at, width)) and one.network == found.network]
        assert not same, f"{same} would do for {found.width}"


def test_a_budget_that_nothing_meets_names_the_nearest(make_point: Make) -> None:
    at = _at(make_point, ResNetSmall(), "depth", {"width": 1})
    least = at(8).cost
    with pytest.raises(Refused) as refusal:
        solve(
            Match(cost="params", budgets=(least.params / 2,), solve="depth"),
            least.params / 2,
            ResNetSmall(),
            at,
        )
    assert str(refusal.value) == (
        f"match.params={least.params / 2:.4g} has no depth at width=1 resolution=14 epochs=2: the nearest, "
        f"depth=8, gives {least.params:.4g} (+100.0%), beyond match.tolerance=0.1."
    )


def test_a_budget_between_two_networks_is_met_within_the_tolerance_or_refused(make_point: Make) -> None:
    """From depth 8 to 14 the FLOPs nearly double; in between, the tolerance decides."""
    at = _at(make_point, ResNetSmall(), "depth", {})
    low, high = at(8).cost.flops, at(14).cost.flops
    for share in (0.05, 0.2, 0.4, 0.6, 0.8, 0.95):
        budget = low + share * (high - low)
        errors = {depth: at(depth).cost.flops / budget - 1 for depth in (8, 14)}
        nearest = min(errors, key=lambda depth: abs(math.log1p(errors[depth])))
        for tolerance in (0.01, 0.1, 0.3, 1.0):
            match = Match(cost="flops", budgets=(budget,), solve="depth", tolerance=tolerance)
            if min(map(abs, errors.values())) <= tolerance:
                assert abs(errors[int(solve(match, budget, ResNetSmall(), at).depth)]) <= tolerance
            else:
                with pytest.raises(Refused, match=f"the nearest, depth={nearest}, gives "):
                    solve(match, budget, ResNetSmall(), at)


def test_a_value_within_the_tolerance_goes_before_one_that_is_nearer_by_ratio(make_point: Make) -> None:
    """Between 2 and 3 epochs, at 2.4498: 18.4 % below, 22.5 % above, and 3 is nearer by ratio."""
    at = _at(make_point, ResNetSmall(), "epochs", {})
    budget = 2.4498 * at(1).cost.train_flops
    match = Match(cost="train_flops", budgets=(budget,), solve="epochs", tolerance=0.2)
    assert solve(match, budget, ResNetSmall(), at).epochs == 2


def test_where_nothing_can_be_built_the_reason_is_told(make_point: Make) -> None:
    with pytest.raises(Refused, match="takes clips, and mnist5k has images"):
        solve(
            Match(cost="flops", budgets=(1e9,), solve="width"),
            1e9,
            ResNet3DRS(),
            lambda width: make_point(model=ResNet3DRS(), depth=26, width=width, resolution=64),
        )


@pytest.mark.parametrize("cost", get_args(MatchedCost))
@pytest.mark.parametrize("axis", get_args(SolvedAxis))
def test_only_an_axis_that_moves_the_cost_can_be_solved(cost: MatchedCost, axis: SolvedAxis) -> None:
    if (cost, axis) in CASES:
        Match(cost=cost, budgets=(1e9,), solve=axis)
        return
    with pytest.raises(Refused, match=rf"^match.solve={axis} cannot meet match.{cost}, which depends on "):
        Match(cost=cost, budgets=(1e9,), solve=axis)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"solve": "widht"}, "match.solve=widht: did you mean width."),
        ({"solve": "seed"}, "match.solve=seed: known are depth, width, resolution, epochs."),
        ({"solve": 3}, "match.solve=3: known are depth, width, resolution, epochs."),
        ({"solve": None}, "match.solve=None: known are depth, width, resolution, epochs."),
        ({"budgets": ()}, "match.flops=[] should be positive numbers."),
        ({"budgets": (0,)}, "match.flops=[0] should be positive numbers."),
        ({"budgets": (1e9, -1)}, "match.flops=[1000000000.0, -1] should be positive numbers."),
        ({"budgets": (math.nan,)}, "match.flops=[nan] should be positive numbers."),
        ({"budgets": (math.inf,)}, "match.flops=[inf] should be positive numbers."),
        ({"tolerance": 0}, "match.tolerance=0 should be a positive share, such as 0.1."),
        ({"tolerance": -0.1}, "match.tolerance=-0.1 should be a positive share, such as 0.1."),
        ({"tolerance": math.nan}, "match.tolerance=nan should be a positive share, such as 0.1."),
    ],
)
def test_a_bad_match_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refused) as refusal:
        Match(**{"cost": "flops", "budgets": (1e9,), "solve": "width", **changes})
    assert str(refusal.value) == sentence
