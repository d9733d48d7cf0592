"""Families: the best network of a planted law for each budget, as a study that sweep.py accepts."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.family.buildable import latency_model
from analysis.family.family import Family, derive
from analysis.family.recommend import EQUAL_POINTS, Budget, recommend
from analysis.family.sheet import family_json, family_sentences, family_sheet
from analysis.family.study import study_text, write_study
from analysis.law.average import average
from analysis.law.choose import models_text
from analysis.noise import group_seeds
from analysis.noise_estimate import noise_of
from analysis.setting import base_setting
from analysis.source.clean import build_table
from analysis.source.source import read_source
from analysis.table import AXES
from scaling.data.catalog import DataConfig, declare
from scaling.errors import Refused
from scaling.models.resnet_small import ResNetSmall
from scaling.study.about import Task
from scaling.study.cost import cost_of
from scaling.study.files import write_json_once
from scaling.study.result import State
from scaling.study.store import Study
from scaling.study.training_step import TrainingStep
from scaling.training.recipe import Recipe

DEPTHS, WIDTHS, RESOLUTIONS, EPOCHS = (8, 14, 20, 32), (0.25, 0.5, 1.0), (10, 14, 20), (2, 6)


def error_at(depth, width, resolution, epochs):
    """Per FLOP, depth and width are worth the same and resolution less; epochs add a part of their own."""
    falling = 20 * (depth / 14) ** -0.5 * (width / 0.5) ** -1.0 * (resolution / 14) ** -0.4
    return 2 + falling * (epochs / 2) ** -0.3


def flops_at(depth, width, resolution):
    network = ResNetSmall().network(depth, width)
    cost = cost_of(
        TrainingStep(network=network, resolution=resolution, in_channels=3, num_classes=1000), images_seen=1
    )
    return cost.flops


DEAREST = flops_at(32, 1.0, 20)


def frame(seeds=3, spread=0.1):
    generator = np.random.default_rng(0)
    rows = []
    for depth, width, resolution, epochs in product(DEPTHS, WIDTHS, RESOLUTIONS, EPOCHS):
        flops = flops_at(depth, width, resolution)
        for seed in range(seeds):
            error = error_at(depth, width, resolution, epochs) + spread * generator.standard_normal()
            axes = {"depth": depth, "width": width, "resolution": resolution, "epochs": epochs}
            rows.append({**axes, "seed": seed, "top1": 100 - error, "flops": flops, "model": "resnet_small"})
    rows = pd.DataFrame(rows)
    return rows.assign(latency_ms=1e-3 * rows["depth"] * rows["width"] ** 1.5 * rows["resolution"] ** 1.8)


@pytest.fixture(scope="module")
def fitted():
    table = build_table(frame(), name="planted", source="planted")
    groups = group_seeds(table.usable)
    laws = average(groups, noise_of(table, groups))
    return laws, groups, base_setting(table, groups["setting"].iloc[0], None)


def members(fitted, *budgets, **options):
    return recommend(*fitted, [Budget(*budget) for budget in budgets], **options)


def test_no_network_within_the_budget_is_better(fitted):
    """By the planted truth, among all networks made of measured values and the recommended one."""
    for member in members(fitted, ("flops", 2e6), ("flops", 2e7), ("flops", 6e7)):
        assert member.flops <= member.budget.value
        assert member.flops == flops_at(int(member.depth), member.width, member.resolution)
        truth = error_at(member.depth, member.width, member.resolution, 6)
        assert member.ci95[0] - 0.05 <= 100 - truth <= member.ci95[1] + 0.05
        rivals = [
            error_at(depth, width, resolution, 6)
            for depth, width, resolution in product(DEPTHS, WIDTHS, RESOLUTIONS)
            if flops_at(depth, width, resolution) <= member.budget.value
        ]
        assert truth <= min(rivals) + EQUAL_POINTS + 0.05
        assert (member.epochs, member.beyond) == (6, ())
        assert member.depth in ResNetSmall.depths
        assert member.resolution % 2 == 0  # as all measured resolutions are


def test_more_budget_is_never_worse(fitted):
    found = members(fitted, *(("flops", budget) for budget in np.geomspace(1e6, 8e7, 8)))
    assert all(after.top1 >= before.top1 - EQUAL_POINTS for before, after in pairwise(found))


def test_latency_and_memory_are_kept_to(fitted):
    latency = latency_model(fitted[1])
    assert latency.error < 1e-6
    fast, small = members(fitted, ("latency_ms", 1.5), ("memory_gb", 0.3))
    assert fast.latency_ms <= 1.5
    assert fast.latency_ms == pytest.approx(1e-3 * fast.depth * fast.width**1.5 * fast.resolution**1.8)
    assert small.memory_gb <= 0.3


def test_beyond_the_measured_range_it_says_so_with_a_wider_interval(fitted):
    inside, beyond = members(fitted, ("flops", DEAREST), ("flops", 4 * DEAREST), missed=0.5)
    assert inside.beyond == ()
    assert "flops" in beyond.beyond
    assert beyond.ci95[1] - beyond.ci95[0] > 2 * 1.96 * 0.5
    longer = members(fitted, ("flops", 2e7), epochs=20)[0]
    assert longer.beyond == ("epochs",)
    with pytest.raises(Refused, match="more than 10 times beyond what was measured"):
        members(fitted, ("flops", 1e12))
    with pytest.raises(Refused, match="more than 10 times beyond what was measured"):
        members(fitted, ("flops", 1e3))


def test_the_end_of_the_range_is_told(fitted):
    """Width pays up to the end of its range; a slightly shallower model is as good and cheaper."""
    assert "width" in members(fitted, ("flops", DEAREST))[0].at_edge
    assert "width" not in members(fitted, ("flops", 5e6))[0].at_edge


def test_without_latencies_a_budget_of_them_is_refused(fitted):
    laws, groups, base = fitted
    with pytest.raises(Refused, match="too few latencies"):
        recommend(laws, groups.assign(latency_ms=np.nan), base, [Budget("latency_ms", 1.0)])


def test_epochs_of_which_no_law_knows_are_refused(fitted):
    laws, groups, base = fitted
    alike = groups[groups["epochs"] == 6]
    with pytest.raises(Refused, match="20 epochs: all models were trained for 6"):
        recommend(laws, alike, base, [Budget("flops", 2e7)], epochs=20)
    assert recommend(laws, alike, base, [Budget("flops", 2e7)], epochs=6)


@pytest.fixture(scope="module")
def planted_csv(tmp_path_factory):
    path = tmp_path_factory.mktemp("family") / "planted.csv"
    frame().to_csv(path, index=False)
    return path


def test_the_command_prints_and_writes_a_study_that_the_door_plans(planted_csv, tmp_path, capsys, bash):
    study = tmp_path / "conf" / "study" / "derived.yaml"
    assert main(["family", str(planted_csv), "--flops", "2e6,2e7", "--write", str(study)]) == 0
    printed = capsys.readouterr().out
    assert "2M FLOPs" in printed
    assert "data=… and recipe=…" in printed
    (line,) = (each for each in printed.splitlines() if "python sweep.py" in each)
    done = bash(f"{line.partition('plan: ')[2]} study.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert "2 points" in done.stdout
    assert "2 to run" in done.stdout
    planned = pd.read_csv(tmp_path / "derived" / "plan.csv")
    found = pd.DataFrame(models_of(planted_csv, capsys))
    assert planned[list(AXES)].astype(float).equals(found[list(AXES)].astype(float))


def models_of(path, capsys):
    assert main(["family", str(path), "--flops", "2e6,2e7", "--json"]) == 0
    return json.loads(capsys.readouterr().out)["models"]


def test_it_says_by_which_laws_it_predicts_and_what_weighs_them(fitted):
    family = replace(family_of(fitted, fitted[2], "planted"), models=models_text(720))
    said, told = family_sentences(family)[0], family_json(family)["laws"]
    assert "of laws of 300 models (of 720, evenly spaced in compute), weighted by how well" in said
    assert "odds of 30 to 1 that gains multiply: " in said
    assert all(law.form.name in said for law in family.laws.laws)
    assert sum(each["share"] for each in told) == pytest.approx(1)
    assert told[0]["share"] == max(each["share"] for each in told)
    assert "(depth/" in told[0]["formula"]


def test_a_file_that_is_there_is_kept(fitted, tmp_path):
    path = tmp_path / "study" / "derived.yaml"
    family = family_of(fitted, fitted[2], "planted")
    assert "is written" in write_study(path, study_text(family, "derived"))
    text = path.read_text()
    assert "exists already with the same content" in write_study(path, study_text(family, "derived"))
    with pytest.raises(Refused, match="exists with other content"):
        write_study(path, study_text(replace(family, members=family.members * 2), "other"))
    assert path.read_text() == text


def test_the_published_grid_s_family_is_a_study_on_imagenet(fitted, tmp_path, bash):
    """Models from another law, in the setting of the paper's grid."""
    table = read_source("published:resnet_rs_2021")
    base = base_setting(table, "resnet_rs", None)
    assert "resnet_rs_grid on ImageNet" in " ".join(family_sentences(family_of(fitted, base, table.source)))
    path = tmp_path / "conf" / "study" / "paper.yaml"
    family = family_of(fitted, base, table.source)
    members = (replace(family.members[0], depth=101.0, width=0.75, resolution=224, epochs=350),)
    said = write_study(path, study_text(replace(family, members=members), "paper"))
    done = bash(f"{said.partition('plan: ')[2]} study.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    planned = pd.read_csv(tmp_path / "paper" / "plan.csv")
    assert planned["model"].tolist() == ["resnet_rs"]
    images_seen = planned["train_flops"][0] / planned["flops"][0] / 3
    assert 1.2e6 < images_seen / 350 < 1.29e6  # ImageNet's training images, without those held out


def family_of(fitted, base, source):
    laws, groups, own = fitted
    return Family(
        source=source,
        laws=laws,
        models=models_text(len(groups)),
        best_single="product",
        missed=0.0,
        members=tuple(recommend(laws, groups, own, [Budget("flops", 2e7)])),
        base=base,
        latency=latency_model(groups),
        latency_of="",
    )


def test_a_study_s_family_is_trained_in_its_setting(tmp_path, make_point, bash):
    """All settings are kept: the planned point has the same id as in the study."""
    data = declare(DataConfig(name="mnist5k", num_val=700, num_train=2000))
    own = {"data": data, "model": ResNetSmall(se_ratio=0.0), "recipe": Recipe(batch_size=64, dropout=0.1)}
    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    for values in product(DEPTHS, WIDTHS, RESOLUTIONS, EPOCHS):
        point = make_point(**dict(zip(AXES, values, strict=True)), **own)
        study.add([point])
        study.note(point.id, State(status="completed"))
        result = {"id": point.id, "metrics": {"top1": 100 - error_at(*values)}}
        write_json_once(study.directory(point.id) / "result.json", result)
    table = read_source(study.path)
    base = base_setting(table, table.usable["setting"].iloc[0], None)
    groups = group_seeds(table.usable)
    laws = average(groups, noise_of(table, groups))
    found = family_of((laws, groups, base), base, str(study.path))
    said = write_study(tmp_path / "conf/study/derived.yaml", study_text(found, "derived"))
    done = bash(f"{said.partition('plan: ')[2]} study.root={tmp_path}")
    assert done.returncode == 0, done.stderr
    (member,) = found.members
    point = make_point(**{axis: getattr(member, axis) for axis in AXES}, **own)
    assert (member.flops, member.memory_gb) == (point.cost.flops, point.cost.memory_gb)
    planned = pd.read_csv(tmp_path / "derived" / "plan.csv", dtype=str)
    assert point.id in planned.iloc[0].tolist()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "needs budgets"),
        (["--flops", "many"], "--flops many: numbers are needed"),
        (["--flops", "-1"], "above zero"),
        (["--flops", "2e7", "--epochs", "0"], "above zero"),
        (["--flops", "2e7", "--write", "derived.yaml"], "in a directory study"),
    ],
)
def test_what_makes_no_family_is_one_sentence(planted_csv, capsys, more, message):
    assert main(["family", str(planted_csv), *more]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_a_table_without_a_law_or_networks_is_refused():
    few = build_table(frame().head(6), name="few", source="few")
    with pytest.raises(Refused, match="recommends no family: No law is fitted"):
        derive(few, [Budget("flops", 1e7)])
    table = build_table(frame().drop(columns="model"), name="bare", source="bare")
    with pytest.raises(Refused, match="does not say which networks it has: add --model"):
        base_setting(table, table.usable["setting"].iloc[0], None)
    assert base_setting(table, table.usable["setting"].iloc[0], "resnet_small").family == ResNetSmall()


def test_a_sheet_has_a_cell_for_every_heading(fitted):
    sheet = family_sheet(family_of(fitted, fitted[2], "planted"))
    assert {len(row) for row in sheet.rows} == {len(sheet.head)}
