"""Rankings by any number of objectives, of a table of models or of any other file."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.frontier.objectives import parse_objectives, read_objectives
from analysis.frontier.ranking import rank, ranking_json, ranking_sentences, ranking_sheet
from scaling.errors import Refused

PLAIN = """name,acc1,speed,size
small,70,"1,000",1
fast,71,"2,000",2
large,80,500,20
twin,80,500,20
worse,69,900,3
unknown,,"9,000",0.1
"""
WORDS = "top1,speed:max,params"
MAPPING = {"top1": "acc1", "params": "size"}


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text(PLAIN)
    return path


def ranking_of(path, words=WORDS, mapping=MAPPING, **options):
    return rank(read_objectives(path, parse_objectives(words), mapping), **options)


def test_a_file_of_objectives_alone_is_enough(plain):
    ranking = ranking_of(plain, with_ranks=True)
    assert dict(zip(ranking.points["name"], ranking.points["rank"], strict=True)) == {
        "large": 1,
        "twin": 1,
        "fast": 1,
        "small": 1,
        "worse": 2,
    }
    assert ranking.points["name"].iloc[-1] == "worse"
    sentences = " ".join(ranking_sentences(ranking))
    assert "no column depth, width, resolution, epochs" in sentences
    assert "1 row of 6 left out" in sentences
    assert "4 of 5 points on the frontier" in sentences


def test_the_hypervolume_names_its_reference_point(plain):
    """Computed by hand, in points x images/s: (71, 2000) covers 11 x 2000, (80, 500) adds 9 x 500."""
    ranking = ranking_of(plain, "top1,speed:max", reference=(60.0, 0.0))
    assert ranking.volumes[0].hypervolume == pytest.approx(11 * 2000 + 9 * 500)
    assert ranking.volumes[0].share == pytest.approx((11 * 2000 + 9 * 500) / (20 * 2000))
    assert ranking_of(plain, "top1,speed:max").volumes[0].reference == (69.0, 500.0)


def test_an_objective_with_one_value_has_no_share(tmp_path):
    path = tmp_path / "flat.csv"
    path.write_text("a,b\n1,5\n2,5\n")
    ranking = ranking_of(path, "a:min,b:min", {})
    assert (ranking.volumes[0].hypervolume, ranking.volumes[0].share) == (0.0, None)
    assert list(ranking.front["row"]) == [1]


def test_models_are_means_over_seeds_with_a_probability(planted, tmp_path):
    path = tmp_path / "study.csv"
    frame = planted(generator=np.random.default_rng(0), depth_bonus=0.6)
    frame.assign(speed=1e12 / frame["flops"]).to_csv(path, index=False)
    ranking = ranking_of(path, "top1,flops,speed:max", {})
    assert len(ranking.points) == 18
    assert ranking.points["num_seeds"].eq(3).all()
    assert ranking.points["speed"].to_numpy() == pytest.approx(1e12 / ranking.points["flops"].to_numpy())
    chance = ranking.points["probability"]
    assert chance[ranking.points["rank"] == 1].mean() > chance[ranking.points["rank"] == 0].mean()
    two = ranking_of(path, "error,flops", {})
    assert two.points["probability"].tolist() == pytest.approx(
        ranking.points["probability"].tolist()
    )  # a speed proportional to FLOPs adds no information
    assert ranking_sheet(ranking, everything=False).head[-1] == "probability"


def test_means_that_differ_by_rounding_alone_are_equal(planted, tmp_path):
    """A more expensive model is not better because its mean is 0.30000000000000004 instead of 0.3."""
    losses = {16: [0.1, 0.5], 26: [0.2, 0.4]}
    assert np.mean(losses[16]) != np.mean(losses[26])
    path = tmp_path / "study.csv"
    frame = planted(
        generator=np.random.default_rng(0), depths=(16, 26), widths=(1,), resolutions=(32,), num_seeds=2
    )
    loss = [losses[depth][seed] for depth, seed in zip(frame["depth"], frame["seed"], strict=True)]
    frame.assign(loss=loss).to_csv(path, index=False)
    for way in ("min", "max"):
        assert ranking_of(path, f"loss:{way},flops", {}).front["depth"].tolist() == [16]


def test_without_repeats_no_probability_is_claimed(planted, tmp_path):
    path = tmp_path / "study.csv"
    planted(generator=np.random.default_rng(0), num_seeds=1).to_csv(path, index=False)
    ranking = ranking_of(path, "top1,flops,params", {})
    assert ranking.points["probability"].isna().all()
    assert "Seed noise is unknown: no point has repeats." in ranking_sentences(ranking)


def test_data_sets_do_not_compete(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("data,top1,flops\ndigits,99,1\nphotos,50,2\nphotos,40,3\n")
    ranking = ranking_of(path, "top1,flops", {})
    assert list(ranking.front["data"]) == ["digits", "photos"]
    assert [volume.data for volume in ranking.volumes] == ["digits", "photos"]


def test_json_has_no_nan(plain):
    made = ranking_json(ranking_of(plain, with_ranks=True), everything=True)
    points = json.loads(json.dumps(made, allow_nan=False))["points"]
    assert points[0] == {
        "data": "",
        "name": "large",
        "top1": 80.0,
        "speed": 500.0,
        "params": 20.0,
        "rank": 1,
        "probability": None,
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("top1", "two or more that differ"),
        ("top1,error", "two or more that differ"),
        ("top1,top1:min", "two or more that differ"),
        ("top1,flop", "did you mean flops"),
        ("top1,speed", "speed:max or speed:min"),
        ("top1,speed:fast", "write speed:max or speed:min"),
    ],
)
def test_objectives_that_make_no_sense_are_refused(words, message):
    with pytest.raises(Refused, match=message):
        parse_objectives(words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("top1,latency", "no numbers in latency_ms"),
        ("top1,name:max", "row 1 has name = 'small'"),
    ],
)
def test_a_source_without_them_is_refused(plain, words, message):
    with pytest.raises(Refused, match=message):
        ranking_of(plain, words)


def test_a_file_with_no_complete_row_is_refused(tmp_path):
    path = tmp_path / "holes.csv"
    path.write_text("a,b\n1,\n,2\n")
    with pytest.raises(Refused, match="no row with a number for all of a, b"):
        ranking_of(path, "a:min,b:min", {})


def test_the_command_prints_the_frontier_or_the_ranks(plain, capsys):
    words = ["frontier", str(plain), "--objectives", WORDS, "--map", "top1=acc1", "--map", "params=size"]
    assert main(words) == 0
    front = capsys.readouterr().out
    assert "worse" not in front
    assert "Hypervolume" in front
    assert main([*words, "--ranks"]) == 0
    assert "worse" in capsys.readouterr().out
    assert main([*words, "--json", "--reference", "60,0,30"]) == 0
    assert json.loads(capsys.readouterr().out)["hypervolumes"][0]["reference"] == [60.0, 0.0, 30.0]


@pytest.mark.parametrize(
    "more",
    [
        ["--ranks"],
        ["--reference", "1,2"],
        ["--reference", ""],
        ["--objectives", ""],
        ["--objectives", "top1,,flops"],
        ["--objectives", WORDS, "--reference", "1,2"],
        ["--objectives", WORDS, "--reference", "1,2,inf"],
        ["--objectives", WORDS, "--reference", "1,2,x"],
        ["--objectives", WORDS, "--cost", "flops"],
        ["--objectives", "top1,a:up"],
    ],
)
def test_words_that_do_not_go_together_are_one_sentence(plain, capsys, more):
    assert main(["frontier", str(plain), "--map", "top1=acc1", "--map", "params=size", *more]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_a_study_s_measured_speed_is_its_throughput(tmp_path, make_point):
    from scaling.profile.study_table import write_study_table
    from scaling.study.about import Task
    from scaling.study.files import write_json_once
    from scaling.study.result import State
    from scaling.study.store import Study

    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    point = make_point()
    study.add([point])
    study.note(point.id, State(status="completed"))
    write_json_once(study.directory(point.id) / "result.json", {"id": point.id, "metrics": {"top1": 90.0}})
    speeds = {"latency_ms": "2.5", "images_per_second": "1234.5"}
    row = {"batch_size": "8", "precision": "fp32", "latency_low_ms": "2", "latency_high_ms": "3"}
    row |= {"train_step_ms": "9", "peak_memory_gb": "1"}
    write_study_table(study.path, [{"point": point.id, "device": "cpu", **row, **speeds}])
    points = ranking_of(study.path, "top1,throughput,latency", {}).points
    assert points[["throughput", "latency_ms"]].to_numpy().tolist() == [[1234.5, 2.5]]
    assert pd.notna(points["top1"]).all()
