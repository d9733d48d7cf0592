"""Candidates: the open points of a plan, the gaps of a table, their costs and chances of failure."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pandas as pd
import pytest

from analysis.source.clean import build_table
from analysis.source.published import TRAIN_IMAGES
from analysis.source.source import read_source
from analysis.suggest.candidates import candidates_of
from analysis.suggest.failing import PRIOR, could_fail
from scaling.errors import Refused
from scaling.models.resnet_small import ResNetSmall
from scaling.study import lease
from scaling.study.about import Task
from scaling.study.cost import cost_of
from scaling.study.files import write_json_once
from scaling.study.plan import Plan, Planned
from scaling.study.plan_file import write_plan
from scaling.study.result import State
from scaling.study.snapshot import code_digest
from scaling.study.store import Study
from scaling.study.training_step import TrainingStep


def planned(point, action="run", why="new"):
    return Planned(point=point, action=action, why=why, hours=None, memory_gb=1.0)


@pytest.fixture
def points(make_point):
    return [make_point(depth=depth, width=width) for depth in (8, 14, 20) for width in (0.25, 0.5)]


@pytest.fixture
def study(tmp_path):
    return Study.create(tmp_path / "mine", Task("mnist5k"))


def complete(study, point, top1=90.0):
    study.add([point])
    study.note(point.id, State(status="completed", attempt=1, epoch=point.epochs))
    write_json_once(study.directory(point.id) / "result.json", {"metrics": {"top1": top1}, "measured": {}})


def fail(study, point, failure, **more):
    study.add([point])
    study.note(point.id, State(status="failed", failure=failure, message="so", attempt=1, **more))


def found_of(study, **options):
    return candidates_of(read_source(study.path, planned=True), **options)


@pytest.mark.parametrize(
    "text", [b"", b"\x00" * 9, b"\x80\xff", b"point;action\n1;run\n", b"point,action\n1a"]
)
def test_a_plan_that_is_damaged_is_named(study, points, text):
    write_plan(Plan([*map(planned, points)], slots=1), study.path / "plan.csv")
    (study.path / "plan.csv").write_bytes(text)
    with pytest.raises(
        Refused, match=r"plan\.csv is no.*type the line that made the study again, with plan=true"
    ):
        found_of(study)


def test_a_plan_saved_by_a_spreadsheet_is_read_with_its_byte_order_mark(study, points):
    write_plan(Plan([*map(planned, points)], slots=1), study.path / "plan.csv")
    there = found_of(study)
    (study.path / "plan.csv").write_bytes(b"\xef\xbb\xbf" + (study.path / "plan.csv").read_bytes())
    assert list(found_of(study)["point"]) == list(there["point"])


def test_a_plan_that_nobody_has_launched_is_all_candidates(study, points):
    write_plan(Plan([*map(planned, points)], slots=1), study.path / "plan.csv")
    with pytest.raises(Refused, match="has no points yet"):
        read_source(study.path)
    found = found_of(study)
    assert sorted(found["point"]) == sorted(point.id for point in points)
    by_id = found.set_index("point")
    for point in points:
        row = by_id.loc[point.id]
        assert (row["depth"], row["width"], row["seed"]) == (point.depth, point.width, 0)
        assert (row["flops"], row["train_flops"]) == (point.cost.flops, point.cost.train_flops)
        assert (row["setting"], row["data"]) == (point.setting, "mnist5k")
    assert set(found["status"]) == {"pending"}
    assert set(found["could_fail"]) == {PRIOR}


def test_what_is_done_dropped_or_would_be_skipped_is_no_candidate(study, points):
    done, dropped, diverged, broken, out_of_memory, new = points
    complete(study, done)
    fail(study, diverged, "diverged")
    fail(study, broken, "code_error", code=code_digest())
    fail(study, out_of_memory, "out_of_memory")
    entries = [planned(point) for point in points if point is not dropped]
    write_plan(Plan([*entries, planned(dropped, "drop", "where")], slots=1), study.path / "plan.csv")
    study.add([dropped])  # planned by an earlier line
    assert sorted(found_of(study)["point"]) == sorted([out_of_memory.id, new.id])


def test_what_runs_is_coming(study, points):
    running, queued, *others = points
    study.add(points)
    held = lease.acquire(study.directory(running.id))
    with held:
        study.note(running.id, State(status="running", attempt=1), held)
        entries = [planned(queued, "wait", "left to job 12"), *map(planned, [running, *others])]
        write_plan(Plan(entries, slots=1), study.path / "plan.csv")
        status = found_of(study).set_index("point")["status"].to_dict()
    assert status == {
        running.id: "running",
        queued.id: "running",
        **{point.id: "pending" for point in others},
    }


def test_of_a_point_that_has_begun_the_rest_is_to_be_paid(study, points):
    point = points[0]
    write_plan(Plan([*map(planned, points)], slots=1), study.path / "plan.csv")
    study.add([point])
    study.note(point.id, State(status="pending", attempt=1, epoch=1))
    paid = found_of(study).set_index("point")["train_flops"]
    assert paid[point.id] == point.cost.train_flops / 2
    assert paid[points[1].id] == points[1].cost.train_flops


def test_a_condition_chooses_among_them(study, points):
    write_plan(Plan([*map(planned, points)], slots=1), study.path / "plan.csv")
    limit = sorted(point.cost.flops for point in points)[3]
    assert len(found_of(study, where=f"flops < {limit}")) == 3
    with pytest.raises(Refused, match="--where depth > 20 is true of none of the 6 runs"):
        found_of(study, where="depth > 20")
    with pytest.raises(Refused, match="recipe"):
        found_of(study, where="recipe.dropout > 0")


def rows_of(cells, **columns):
    names = ("depth", "width", "resolution", "epochs", "seed")
    return [{**dict(zip(names, cell, strict=True)), "top1": 50 + cell[0] / 10, **columns} for cell in cells]


def flops_of(depth, width, resolution):
    """FLOPs of a network that is not ours."""
    return 1e5 * depth * width**2 * resolution**1.9


def table(rows, source="mine.csv"):
    return build_table(pd.DataFrame(rows), name="mine", source=source)


def with_costs(rows, images=1000):
    for row in rows:
        flops = flops_of(row["depth"], row["width"], row["resolution"])
        row |= {"flops": flops, "train_flops": 3 * flops * images * row["epochs"]}
    return rows


def test_a_table_lacks_the_other_cells_of_its_product_and_seeds():
    grid = [*product((8, 14), (0.5, 1.0), (16, 32), (1, 10))]
    cells = [(*cell, seed) for cell in grid[:-2] for seed in (0, 1)] + [(*grid[-2], 0)]
    found = candidates_of(table(with_costs(rows_of(cells))))
    names = ["depth", "width", "resolution", "epochs", "seed"]
    assert {tuple(row) for row in found[names].to_numpy().tolist()} == {(*grid[-1], 0), (*grid[-2], 1)}
    for row in found.to_dict("records"):
        flops = flops_of(row["depth"], row["width"], row["resolution"])
        assert row["flops"] == pytest.approx(flops)
        assert row["train_flops"] == pytest.approx(3 * flops * 1000 * row["epochs"])


def test_without_repeats_each_cell_may_have_one_and_with_all_of_them_nothing_is_left():
    cells = [(*cell, 0) for cell in product((8, 14), (0.5, 1.0), (16,), (1,))]
    found = candidates_of(table(with_costs(rows_of(cells))))
    assert found["seed"].tolist() == [1] * 4
    full = [(*cell[:4], seed) for cell in cells for seed in (0, 1)]
    assert candidates_of(table(with_costs(rows_of(full)))).empty


def test_flops_that_were_not_measured_are_fitted_or_those_of_the_network():
    cells = [(8, 0.5, 16, 1, 0), (14, 0.5, 16, 1, 0), (8, 1.0, 16, 1, 0), (8, 0.5, 32, 1, 0)]
    plain = with_costs(rows_of(cells))
    found = candidates_of(table(plain)).set_index(["depth", "width", "resolution", "seed"])
    assert found.loc[(14, 1.0, 32, 0), "flops"] == pytest.approx(flops_of(14, 1.0, 32))
    named = candidates_of(table([row | {"model": "resnet_small"} for row in plain]))
    of_network = cost_of(
        TrainingStep(network=ResNetSmall().network(14, 1.0), resolution=32, in_channels=3, num_classes=1000),
        images_seen=1,
    ).flops
    last = named.set_index(["depth", "width", "resolution", "seed"]).loc[(14, 1.0, 32, 0)]
    assert last["flops"] == of_network
    assert last["train_flops"] == pytest.approx(3 * of_network * 1000)


def test_what_cannot_be_priced_is_refused():
    bare = rows_of([(8, 0.5, 16, 1, 0), (14, 0.5, 16, 1, 0)])
    with pytest.raises(Refused, match="add a column flops, or give --model"):
        candidates_of(table(bare))
    with pytest.raises(Refused, match="add a column train_flops"):
        candidates_of(table([row | {"flops": 1e6 * row["depth"]} for row in bare]))
    assert len(candidates_of(table(bare), model="resnet_small")) == 2
    assert len(candidates_of(table(with_costs(bare[:1])))) == 1  # with the FLOPs of its other seed
    with pytest.raises(Refused, match="make 10404 cells"):
        candidates_of(table(with_costs(rows_of([(8 + n, 1 + n, 16, 1, 0) for n in range(102)]))))


def test_the_published_grid_lacks_networks_that_can_be_built():
    found = candidates_of(read_source("published:resnet_rs_2021"))
    assert set(found["status"]) == {"pending"}
    assert found["train_flops"].to_numpy() == pytest.approx(
        3 * found["flops"].to_numpy() * TRAIN_IMAGES * found["epochs"].to_numpy()
    )


def test_a_failure_speaks_against_what_is_no_smaller_and_a_result_for_what_is_no_larger():
    rows = rows_of([(8, 0.5, 16, 1, 0), (14, 1.0, 16, 1, 0), (26, 1.0, 16, 1, 0), (26, 2.0, 32, 1, 0)])
    for row in rows[2:]:
        row |= {"status": "failed", "failure": "out_of_memory", "top1": None}
    there = table(rows)
    ahead = rows_of([(8, 1.0, 16, 1, 0), (26, 1.0, 32, 1, 0), (32, 4.0, 32, 1, 0), (50, 0.5, 16, 1, 0)])
    runs = table(ahead).rows.assign(setting=there.rows["setting"].iloc[0]).sort_values("depth")
    small, one, both, narrow = could_fail(there.rows, runs)
    assert small == pytest.approx(PRIOR / 2)  # 14 x 1 has completed
    assert one == pytest.approx((PRIOR + 1) / 2)
    assert both == pytest.approx((PRIOR + 2) / 3)
    assert narrow == PRIOR
    lost = replace(there, rows=there.rows.assign(failure="node_failure"))
    assert set(could_fail(lost.rows, runs)) == {PRIOR}
