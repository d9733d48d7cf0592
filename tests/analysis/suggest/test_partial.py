"""A report on a partly measured study: the predicted verdicts of its whole grid."""

from __future__ import annotations

import json

from analysis.findings import find
from analysis.report.sheets import sheets
from analysis.rules import rules_json
from analysis.sentences import sentences_by_topic
from analysis.source.source import read_source

LINE = (
    "python sweep.py -m study=resnet_rs_epochs hydra/launcher=replay 'seed=0,1' "
    "hydra.launcher.table=published:resnet_rs_2021 study.root={root} "
)


def test_a_study_measured_in_part_says_what_all_of_it_would(bash, tmp_path):
    done = bash(LINE.format(root=tmp_path) + "study.adaptive=true study.budget=4e19")
    assert done.returncode == 0, done.stderr
    place = tmp_path / "resnet_rs_epochs"
    findings = find(read_source(place))
    told = sentences_by_topic(findings)["foreseen"]
    assert len(told) == 5
    assert all("the whole grid would say so with" in each for each in told)
    answer = rules_json(findings)["foreseen"]
    assert [each["rule"] for each in answer] == [
        "depth_or_width@10",
        "depth_or_width@100",
        "depth_or_width@350",
        "crossover",
        "resolution",
    ]
    json.dumps(answer, allow_nan=False)
    assert "What the whole grid would say" in [sheet.title for sheet in sheets(findings)]


def test_a_study_that_is_measured_has_nothing_to_foresee(bash, tmp_path):
    done = bash(LINE.format(root=tmp_path) + "epochs=10 resolution=128,160")
    assert done.returncode == 0, done.stderr
    findings = find(read_source(tmp_path / "resnet_rs_epochs"))
    assert findings.foreseen is None
    assert "foreseen" not in rules_json(findings)


def test_a_table_has_no_plan_to_foresee():
    assert find(read_source("published:resnet_rs_2021")).foreseen is None
