"""Block lists of deep ResNets: those named in the paper, and a rule for all depths between and beyond."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

from scaling.errors import Refused
from scaling.models.scaled import MOST_LAYERS

Blocks = tuple[int, int, int, int]
"""Numbers of blocks in the stages c2, c3, c4 and c5."""

NAMED: dict[int, Blocks] = {
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
"""Bottleneck blocks by nominal depth (Bello et al. 2021, app. D and E, and its published code). As in the
paper, 270 stands for 272 layers, 300 for 296, 400 for 398 and 420 for 419."""

BASIC: dict[int, Blocks] = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
"""Basic blocks by nominal depth (He et al. 2015, table 1)."""

SHALLOWEST: Blocks = (1, 1, 1, 1)

_OFF_THE_LINE = 400
"""Depth that the rule skips, since its stages c2 and c5 are larger than those of 420."""

_ANCHORS = [SHALLOWEST, *(blocks for depth, blocks in NAMED.items() if depth != _OFF_THE_LINE)]

RULED = tuple(
    3 * blocks + 2
    for blocks in range(sum(SHALLOWEST), MOST_LAYERS // 3)
    if blocks != sum(NAMED[_OFF_THE_LINE])
)
"""Numbers of layers that the rule builds; no stage shrinks as their number grows."""


def blocks_of(depth: int) -> Blocks:
    """Bottleneck blocks for a nominal depth, or for a number of layers, 3 x blocks + 2.

    Between two named layouts, blocks are added one at a time to the stage that is furthest behind the
    straight line from one to the next. Beyond 420 only c3 and c4 grow, in the ratio that they have there, as
    the paper does from 270 on (app. D). Refused names the nearest depths that can be built.
    """
    if depth in NAMED:
        return NAMED[depth]
    blocks, rest = divmod(depth - 2, 3)
    if rest == 0 and blocks >= sum(SHALLOWEST):
        return _with_blocks(blocks)
    raise Refused(f"depth={depth} cannot be built: the nearest {_nearest(depth)}.")


@cache
def _with_blocks(blocks: int) -> Blocks:
    if blocks == sum(NAMED[_OFF_THE_LINE]):
        return NAMED[_OFF_THE_LINE]
    for low, high in pairwise(_ANCHORS):
        if blocks <= sum(high):
            return _grown(low, [after - before for before, after in zip(low, high, strict=True)], blocks)
    c2, c3, c4, c5 = _ANCHORS[-1]
    growing = blocks - c2 - c5
    share = round(growing * c3 / (c3 + c4))
    return c2, share, growing - share, c5


def _grown(start: Blocks, direction: list[int], blocks: int) -> Blocks:
    """`start` with blocks added along `direction`, one at a time, up to `blocks` in total."""
    counts = list(start)
    for added in range(1, blocks - sum(start) + 1):
        share = added / sum(direction)
        behind = [
            before + share * slope - now for before, slope, now in zip(start, direction, counts, strict=True)
        ]
        counts[behind.index(max(behind))] += 1
    c2, c3, c4, c5 = counts
    return c2, c3, c4, c5


def _nearest(depth: int) -> str:
    shallowest = 3 * sum(SHALLOWEST) + 2
    if depth < shallowest:
        return f"is {shallowest}"
    counted = depth - (depth - 2) % 3
    below = max([counted, *(name for name in (*NAMED, *BASIC) if name < depth)])
    above = min([counted + 3, *(name for name in (*NAMED, *BASIC) if name > depth)])
    return f"are {below} and {above}"
