"""Starts: chosen among the points of a study, and what new points take over from them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import pytest

from hydra_plugins.scaling_study._starts import with_starts
from scaling.errors import Refused
from scaling.models.resnet_small import ResNetSmall
from scaling.study.about import Task
from scaling.study.axis import Axis, axis
from scaling.study.grid import Expansion, Grid, expand
from scaling.study.point import Point, changed_fields
from scaling.study.starts import StartConfig, chosen, config_of, origin_of
from scaling.study.store import Study
from scaling.training.start import Start

PATH = Path("results/before")
MakePoint = Callable[..., Point]


@pytest.fixture
def starts(make_point: MakePoint) -> list[Point]:
    return [
        make_point(depth=depth, epochs=epochs, seed=seed, model=ResNetSmall(stem="plain"))
        for depth in (8, 14)
        for epochs in (1, 4)
        for seed in (0, 1)
    ]


def settings(point: Point, /, **start: object) -> dict[str, object]:
    """Of a line that says nothing of the network."""
    shared = {name: changed_fields(getattr(point, name)) for name in ("recipe", "schedule", "data")}
    axes = {"depth": 20, "width": 1.0, "resolution": 20, "epochs": 3, "seed": 5, "frames": None}
    model = {"family": "resnet_small"}
    section = {"study": None, "point": None, "where": None, "tune": "all"} | start
    return {**axes, **shared, "model": model, "precision": "fp32", "evaluate_at": None, "start": section}


def points(
    starts: list[Point], axes: list[Axis], named: Collection[str] = (), **start: object
) -> list[Point]:
    grid = Grid(settings(starts[0], **start), axes)
    names = {*named, *(name for each in axes for name in each.names)}
    grids = with_starts([grid], PATH, {PATH: Expansion(starts)}, names)
    return expand(grids, lambda _: replace(starts[0].data, num_classes=5)).points


def test_each_start_gives_its_network_and_its_seed(starts: list[Point]) -> None:
    found = points(starts, [axis("start.tune", ["all", "head", "scratch"])])
    tuned = [point for point in found if point.start]
    assert [point.start.point for point in tuned if point.start and point.start.tune == "head"] == [
        start.id for start in starts
    ]
    for point in tuned:
        start = next(each for each in starts if point.start and each.id == point.start.point)
        assert (point.network, point.seed, point.width) == (start.network, start.seed, start.width)
        assert (point.epochs, point.resolution) == (3, 20)
        assert point.needs == (start.id,)
    scratch = [point for point in found if not point.start]
    assert sorted((point.depth, point.seed) for point in scratch) == [(8, 0), (8, 1), (14, 0), (14, 1)]
    assert len({point.id for point in found}) == 8 + 8 + 4


def test_starts_of_one_training_are_one_setting_and_of_another_another(starts: list[Point]) -> None:
    found = points(starts, [])
    by_setting = {point.setting: point.start.origin for point in found if point.start}
    assert len(by_setting) == 2
    assert set(by_setting.values()) == {origin_of(starts[0]), origin_of(starts[2])}
    assert origin_of(starts[0]) == origin_of(starts[-3]) != origin_of(starts[2])


def test_where_a_start_lies_and_how_it_came_about_is_no_part_of_the_id(starts: list[Point]) -> None:
    found = points(starts, [])[0]
    assert found.start
    alone = replace(found, start=Start(point=found.start.point))
    assert found.start.origin
    assert alone.id == found.id


def test_a_line_chooses_among_starts_and_may_give_its_own_seeds(starts: list[Point]) -> None:
    found = points(starts, [axis("seed", [7, 8])], where="epochs > 1 and depth < 10")
    assert [(point.depth, point.seed) for point in found] == [(8, 7), (8, 8)] * 2
    one = points(starts, [], point=starts[3].id)
    assert [point.start.point for point in one if point.start] == [starts[3].id]


@pytest.mark.parametrize(
    ("start", "named", "sentence"),
    [
        ({"where": "epochs > 9"}, set(), "start.where=epochs > 9 is true of none of the 8 points"),
        ({"where": "epoch > 9"}, set(), "start.where"),
        ({"point": "0" * 16}, set(), "start.point=0000000000000000 is no point of results/before"),
        ({}, {"depth"}, "depth comes from the start: leave it out"),
        ({}, {"model.se_ratio"}, "model.se_ratio comes from the start"),
        ({"tune": "heads"}, set(), "start.tune=heads should be all, head, or scratch"),
    ],
)
def test_what_no_start_can_give_is_refused(
    starts: list[Point], start: dict[str, object], named: set[str], sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        points(starts, [], named, **start)


def test_images_of_other_channels_are_refused(starts: list[Point]) -> None:
    grid = Grid(settings(starts[0]), [])
    grids = with_starts([grid], PATH, {PATH: Expansion(starts)}, set())
    said = r"8 of 8 points cannot be built: a start was trained on images of 1 channel, .*\(8 points\)\.$"
    with pytest.raises(Refused, match=said):
        expand(grids, lambda _: replace(starts[0].data, channels=3))


def test_points_written_down_by_an_earlier_line_are_starts(starts: list[Point], tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is no study: name one that was launched"):
        chosen(StartConfig(), tmp_path / "none", None)
    study = Study.create(tmp_path / "before", Task("mnist5k"))
    with pytest.raises(Refused, match="has no points yet"):
        chosen(StartConfig(), study.path, None)
    study.add(starts)
    assert {point.id for point in chosen(StartConfig(), study.path, None)} == {each.id for each in starts}


def test_a_section_of_another_kind_is_refused() -> None:
    with pytest.raises(Refused, match=r"start=yes should be start\.study=DIRECTORY"):
        config_of("yes")
