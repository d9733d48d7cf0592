"""Block lists: the published ones, and the rule between and beyond them."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from scaling.errors import Refused
from scaling.models.layout import BASIC, Blocks, blocks_of

PUBLISHED: dict[int, Blocks] = {
    # Bello et al. 2021 (arXiv 2103.07579), table 10 and the published code
    26: (2, 2, 2, 2),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
    270: (4, 29, 53, 4),
    300: (4, 36, 54, 4),
    350: (4, 36, 72, 4),
    400: (6, 48, 72, 6),
    420: (4, 44, 87, 4),
}
ON_THE_LINE = [(1, 1, 1, 1), *(blocks for depth, blocks in PUBLISHED.items() if depth != 400)]
BY_LAYERS = {layers: blocks_of(layers) for layers in range(14, 1001, 3)}
"""All layer counts of bottleneck networks up to 1000. 398 is the paper's 400."""


def buildable(depth: int) -> bool:
    """Whether a network has this depth: one of basic blocks, or `blocks_of` has an answer."""
    if depth in BASIC:
        return True
    try:
        blocks_of(depth)
    except Refused:
        return False
    return True


@pytest.mark.parametrize(("depth", "blocks"), list(PUBLISHED.items()))
def test_nominal_depths_are_the_published_ones(depth: int, blocks: Blocks) -> None:
    assert blocks_of(depth) == blocks


def test_basic_blocks_are_those_of_2015() -> None:
    assert BASIC == {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


@pytest.mark.parametrize(
    ("nominal", "layers"),
    [(26, 26), (50, 50), (200, 200), (270, 272), (300, 296), (350, 350), (400, 398), (420, 419)],
)
def test_a_nominal_depth_and_its_layers_are_one_list(nominal: int, layers: int) -> None:
    assert blocks_of(nominal) == blocks_of(layers)
    assert 3 * sum(blocks_of(nominal)) + 2 == layers


def test_every_layer_count_is_kept() -> None:
    for layers, blocks in BY_LAYERS.items():
        assert 3 * sum(blocks) + 2 == layers
        assert min(blocks) >= 1


def test_no_stage_shrinks_as_blocks_are_added() -> None:
    lists = [blocks for layers, blocks in BY_LAYERS.items() if layers != 398]
    assert len(lists) == 328
    for fewer, more in pairwise(lists):
        assert all(before <= after for before, after in zip(fewer, more, strict=True)), (fewer, more)


@pytest.mark.parametrize(("low", "high"), list(pairwise(ON_THE_LINE)))
def test_between_named_lists_every_stage_is_between_theirs(low: Blocks, high: Blocks) -> None:
    between = [
        blocks
        for layers, blocks in BY_LAYERS.items()
        if sum(low) <= sum(blocks) <= sum(high) and layers != 398
    ]
    assert between[0] == low
    assert between[-1] == high
    for blocks in between:
        assert all(a <= b <= c for a, b, c in zip(low, blocks, high, strict=True)), blocks
        share = (sum(blocks) - sum(low)) / (sum(high) - sum(low))
        straight = [a + share * (c - a) for a, c in zip(low, high, strict=True)]
        assert all(abs(b - s) < 1 for b, s in zip(blocks, straight, strict=True)), blocks


def test_beyond_420_only_c3_and_c4_grow_in_their_ratio() -> None:
    beyond = [blocks for layers, blocks in BY_LAYERS.items() if layers > 419]
    assert len(beyond) > 150
    for c2, c3, c4, c5 in beyond:
        assert (c2, c5) == (4, 4)
        assert abs(c3 - (c3 + c4) * 44 / (44 + 87)) <= 1


@pytest.mark.parametrize(
    ("depth", "nearest"),
    [
        (60, "are 59 and 62"),
        (19, "are 18 and 20"),
        (33, "are 32 and 34"),
        (301, "are 300 and 302"),
        (271, "are 270 and 272"),
        (399, "are 398 and 400"),
        (421, "are 420 and 422"),
        (13, "is 14"),
        (1, "is 14"),
        (-5, "is 14"),
    ],
)
def test_other_depths_are_refused_with_the_nearest(depth: int, nearest: str) -> None:
    with pytest.raises(Refused, match=rf"^depth={depth} cannot be built: the nearest {nearest}\.$"):
        blocks_of(depth)


def test_what_a_refusal_names_is_the_nearest_that_can_be_built() -> None:
    num_refused = 0
    for depth in range(1, 601):
        if buildable(depth):
            continue
        num_refused += 1
        with pytest.raises(Refused) as refused:
            blocks_of(depth)
        named = [int(number) for number in re.findall(r"\d+", str(refused.value))][1:]
        assert all(buildable(each) for each in named), (depth, named)
        first, last = (named[0], named[-1]) if depth > 14 else (depth, named[0])
        assert first <= depth < last
        assert not any(buildable(each) for each in range(first + 1, last)), (depth, named)
    assert num_refused > 300
