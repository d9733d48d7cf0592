"""Axes: log-spaced values, models that go together, and the depths that log-spaced ones stand for."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scaling.errors import Refused
from scaling.models.families import FAMILIES, Family, nearest_depth
from scaling.models.layout import NAMED
from scaling.study.axis import MOST_LOG_VALUES, NearDepth, axis, zipped


def _log(name: str, *value: Any) -> list[Any]:
    return [one for (one,) in axis(name, [{"log": list(value)}]).values]


def _refusal(name: str, value: Any) -> str:
    with pytest.raises(Refused) as refusal:
        axis(name, [{"log": value}])
    return str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("width", (0.25, 2, 4), [0.25, 0.5, 1.0, 2.0]),
        ("width", (0.5, 3, 3), [0.5, 1.225, 3.0]),
        ("width", (0.5, 3, 1), [0.5]),
        ("recipe.weight_decay", (1e-5, 1e-3, 3), [1e-5, 1e-4, 1e-3]),
        ("recipe.batch_size", (32, 256, 4), [32, 64, 128, 256]),
        ("data.num_train", (100, 1000, 3), [100, 316, 1000]),
        ("resolution", (14, 28, 3), [14, 20, 28]),
        ("epochs", (1, 1000, 4), [1, 10, 100, 1000]),
        ("epochs", (1, 3, 9), [1, 2, 3]),
        ("epochs", (7, 7, 5), [7]),
        ("frames", (8, 32, 3), [8, 16, 32]),
    ],
)
def test_log_spaced_values(name: str, value: tuple[float, ...], expected: list[float]) -> None:
    found = _log(name, *value)
    assert found == expected
    assert list(map(type, found)) == list(map(type, expected)), "a count is no fraction"


@given(
    low=st.floats(1e-6, 1e6),
    ratio=st.floats(1, 1e6),
    count=st.integers(2, MOST_LOG_VALUES),
)
def test_log_spaced_values_rise_by_one_ratio_from_low_to_high(low: float, ratio: float, count: int) -> None:
    values = _log("width", low, low * ratio, count)
    assert len(values) == count
    assert values == sorted(values)
    assert values[0] == pytest.approx(low, rel=1e-3)
    assert values[-1] == pytest.approx(low * ratio, rel=1e-3)
    for index, value in enumerate(values):
        assert math.log(value / low) == pytest.approx(index / (count - 1) * math.log(ratio), abs=1e-3)


def test_log_spaced_values_stand_among_others() -> None:
    values = axis("width", [0.1, {"log": [1, 4, 3]}, 9]).values
    assert values == ((0.1,), (1.0,), (2.0,), (4.0,), (9,))


def test_log_spaced_depths_wait_for_their_family() -> None:
    depths = _log("depth", 8, 32, 3)
    assert depths == pytest.approx([8, 16, 32])
    assert {type(depth) for depth in depths} == {NearDepth}


@pytest.mark.parametrize(
    "value",
    [
        [1, 2],
        [1, 2, 3, 4],
        [],
        3,
        "1,2,3",
        None,
        {"low": 1},
        ["1", 2, 3],
        [1, "2", 3],
        [1, 2, 3.0],
        [1, 2, "3"],
        [1, 2, None],
        [True, 2, 3],
        [1, True, 3],
        [1, 2, True],
    ],
)
def test_a_log_of_another_shape_is_refused(value: Any) -> None:
    assert _refusal("width", value) == (
        f"width={{log:{value}}} should be {{log:[low,high,n]}}, such as {{log:[0.25,2,5]}}."
    )


@pytest.mark.parametrize(
    "value",
    [
        [2, 1, 3],
        [0, 1, 3],
        [-1, 1, 3],
        [-2, -1, 3],
        [1, 2, 0],
        [1, 2, -1],
        [1, 2, MOST_LOG_VALUES + 1],
        [1, 2, 10**30],
        [math.nan, 2, 3],
        [1, math.nan, 3],
        [1, math.inf, 3],
        [math.inf, math.inf, 3],
        [5e-324, 1, 3],
        [1e-300, 1e300, 3],
        [1, 10**400, 3],
    ],
)
def test_a_log_without_an_order_is_refused(value: list[Any]) -> None:
    for name in ("width", "epochs", "depth"):
        assert _refusal(name, value) == (
            f"{name}={{log:{value}}} needs 1e-18 <= low <= high <= 1e+18 and n from 1 to 1000."
        )


FAMILY_OF = {name: kind() for name, kind in FAMILIES.items()}
each_family = pytest.mark.parametrize("family", FAMILY_OF.values(), ids=FAMILY_OF)


def _ratio(one: float, other: float) -> float:
    return max(one / other, other / one)


@each_family
@given(wished=st.floats(1e-3, 1e5))
@example(wished=400.0)
@example(wished=5.0)
@example(wished=1.0)
def test_no_depth_that_can_be_built_is_nearer(family: Family, wished: float) -> None:
    found = nearest_depth(family, wished)
    family.network(found, 1)
    named = NAMED if family.depths[0] == 14 else ()
    best = min(_ratio(depth, wished) for depth in (*named, *family.depths))
    assert _ratio(found, wished) == best


@each_family
def test_a_depth_that_can_be_built_is_its_own_nearest(family: Family) -> None:
    for depth in family.depths[:: len(family.depths) // 50]:
        assert nearest_depth(family, depth) == depth


@pytest.mark.parametrize("family", ["resnet", "resnet_rs", "resnet3d_rs"])
def test_the_depths_that_the_paper_names_are_kept(family: str) -> None:
    assert [nearest_depth(FAMILY_OF[family], depth) for depth in NAMED] == list(NAMED)


def test_every_depth_of_a_family_can_be_built_and_is_in_order() -> None:
    for family in FAMILY_OF.values():
        assert list(family.depths) == sorted(set(family.depths))
        for depth in (*family.depths[:20], *family.depths[-3:]):
            family.network(depth, 1)


@pytest.mark.parametrize(
    ("value", "names", "values"),
    [
        ("50x1", ("depth", "width"), [(50, 1)]),
        (["50x1", "101x0.5"], ("depth", "width"), [(50, 1), (101, 0.5)]),
        (("50x.5@160",), ("depth", "width", "resolution"), [(50, 0.5, 160)]),
        (["50x1:350", "8x2:1"], ("depth", "width", "epochs"), [(50, 1, 350), (8, 2, 1)]),
        (["1.1x1@240:10"], ("depth", "width", "resolution", "epochs"), [(1.1, 1, 240, 10)]),
        ({"depth": [8, 14], "seed": [0, 1]}, ("depth", "seed"), [(8, 0), (14, 1)]),
        ({"recipe.flip": (True,)}, ("recipe.flip",), [(True,)]),
    ],
)
def test_settings_that_go_together(value: Any, names: tuple[str, ...], values: list[Any]) -> None:
    found = zipped(value)
    assert (found.names, list(found.values)) == (names, values)
    assert str(found) == ", ".join(names)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            ["50x1@160", "101x1"],
            "zip=101x1 says depth, width, but the first one says depth, width, resolution.",
        ),
        (
            ["50x1@160", "101x1:160"],
            "zip=101x1:160 says depth, width, epochs, but the first one says depth, width, resolution.",
        ),
        ([], "zip=[] should be models such as 50x1@160, "),
        (50, "zip=50 should be models such as 50x1@160, "),
        (None, "zip=None should be models such as 50x1@160, "),
        ({}, "zip needs lists of equal length: there is none."),
        (
            {"depth": [8, 14], "width": [1]},
            "zip needs lists of equal length: depth has 2, width has 1.",
        ),
        ({"depth": 8}, "zip: depth=8 should be a list in brackets, such as depth:[1,2]."),
        ({"depth": [], "width": []}, "zip: depth=[] should be a list in brackets, such as depth:[1,2]."),
        ({"depth": "8,14"}, "zip: depth=8,14 should be a list in brackets, such as depth:[1,2]."),
    ],
)
def test_a_zip_that_does_not_fit_together_is_refused(value: Any, sentence: str) -> None:
    with pytest.raises(Refused) as refusal:
        zipped(value)
    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        *("", "50", "x1", "50x", "50x1@", "50x1@160@160", "50x1:1@160", "-8x1", "50 x 1", "50x1e1"),
        *("50x1@1.5", "5,0x1", "50X1", "9" * 5000 + "x1", "50x1@" + "9" * 5000),
    ],
)
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"is not a model: write depth x width @ resolution : epochs, such as "):
        zipped([text])
