"""A summary: a few sentences with the verdicts, numbers and most serious warnings of the rules."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.findings import find
from analysis.law.exponents import Exponents
from analysis.model import points_text
from analysis.sentences import HEADINGS, sentences_by_topic
from analysis.source.clean import build_table
from analysis.source.source import read_source
from analysis.summary import summary
from analysis.traps.trap import by_gravity


@pytest.fixture(scope="module")
def published():
    return find(read_source("published:resnet_rs_2021", {}))


def test_the_published_grid_is_told_in_six_sentences_and_two_warnings(published):
    told = summary(published)
    assert list(told) == ["frontier", "pairs", "resolution", "law", "warnings"]
    assert [len(each) for each in told.values()] == [1, 2, 1, 1, 3]
    assert told["frontier"][0].startswith(
        "34 of 177 models are on the frontier of error against FLOPs, from "
    )
    assert "(depth 200, width 1, 448 px, 350 epochs); 74 more are within noise of it." in told["frontier"][0]
    regimes = published.pairs.regimes
    numbers = [points_text(regime.advantage_points, regime.ci95) for regime in regimes]
    assert told["pairs"][0] == (
        "From depth 101 and width 1, for the same latency of a training step on TPUs, width is better than "
        f"depth at 10 epochs: {numbers[0]}; depth and width cannot be told apart at 100 epochs: "
        f"{numbers[1]}; depth is better than width at 350 epochs: {numbers[2]}."
    )
    assert "raise it slowly, since above 224 px depth or width buys more" in told["resolution"][0]
    assert "depth grows as FLOPs^0.48 (" in told["law"][0]
    assert told["law"][0].endswith("; resolution is undetermined.")
    assert told["warnings"][0] == f"There are {len(published.traps)}; the most serious are:"
    assert told["warnings"][1:] == [trap.message for trap in by_gravity(published.traps)[:2]]


def test_everything_it_says_of_a_topic_is_told_there_at_length(published):
    assert set(summary(published)) - {"warnings"} <= set(sentences_by_topic(published)) <= set(HEADINGS)


def test_neighbours_of_one_verdict_are_one_clause_with_the_numbers_of_the_longest(published):
    first, _, last = published.pairs.regimes
    same = tuple(replace(last, epochs=epochs) for epochs in (100, 200, 350))
    told = summary(replace(published, pairs=replace(published.pairs, regimes=(first, *same))))["pairs"][0]
    number = points_text(last.advantage_points, last.ci95)
    assert told.endswith(f"; depth is better than width at 100, 200 and 350 epochs: {number} at 350.")


def test_a_law_that_tells_nothing_says_why(published):
    told = summary(replace(published, exponents=Exponents(reason="the law is uncertain")))["law"]
    assert told == [
        "How fast depth, width and resolution should grow with cost is undetermined: the law is uncertain."
    ]


def test_two_models_without_repeats_are_a_frontier_and_warnings():
    frame = pd.DataFrame({"depth": [8, 14], "width": 1.0, "resolution": 28, "epochs": 2, "top1": [80, 90]})
    found = find(build_table(frame.assign(flops=[1e6, 2e6]), name="x", source="x.csv"))
    told = summary(found)
    assert list(told) == ["frontier", "warnings"]
    assert told["frontier"] == [
        "2 of 2 models are on the frontier of error against FLOPs, from 20.00 % at 1M to 10.00 % at 2M "
        "(depth 14, width 1, 28 px, 2 epochs)."
    ]
    assert told["warnings"][1].startswith("No depth and width can be compared at equal FLOPs")
    assert told["warnings"][2].startswith("No model was trained twice")


def test_nothing_grave_is_left_to_say_of_a_sound_study(planted):
    frame = planted(generator=np.random.default_rng(0), epochs=(10, 100), depth_bonus=0.5)
    told = summary(find(build_table(frame, name="x", source="x.csv")))
    assert "depth is better than width at 10 and 100 epochs" in told["pairs"][0]
    assert all(
        sentence.endswith((".", ":")) and "\n" not in sentence for each in told.values() for sentence in each
    )


def test_each_data_set_has_a_frontier_of_its_own(planted):
    """No sentence goes from the error of one data set to that of another."""
    easy = planted(generator=np.random.default_rng(0)).assign(data="easy")
    hard = planted(generator=np.random.default_rng(1)).assign(data="hard")
    hard["top1"] -= 40
    findings = find(build_table(pd.concat([easy, hard]), name="x", source="x"))
    for each in (*summary(findings)["frontier"], *sentences_by_topic(findings)["frontier"]):
        errors = [float(number) for number in re.findall(r"([\d.]+) % at", each)]
        assert max(errors) < 50 if each.startswith("On easy, ") else min(errors) > 50
