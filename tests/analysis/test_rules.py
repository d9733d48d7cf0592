"""rules.json follows its schema for any table, and the sentences agree with its numbers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analysis.findings import find
from analysis.model import points_text
from analysis.rules import rules_json, sentences
from analysis.source.clean import build_table

SCHEMA = {
    "cost": str,
    "metric": str,
    "regimes": list,
    "by_resolution": list,
    "crossover_epochs": dict,
    "resolution": dict,
    "returns": list,
    "speedups": list,
    "printed_speedups": list,
    "ladders": list,
    "exponents": dict,
    "warnings": list,
    "provenance": dict,
}


def findings_of(frame):
    return find(build_table(frame, name="x", source="x.csv"))


def is_interval(value):
    return value is None or (len(value) == 2 and value[0] <= value[1])


def check_schema(rules):
    assert {key: type(value) for key, value in rules.items()} == SCHEMA
    assert (rules["cost"], rules["metric"]) == ("flops", "top1")
    for regime in rules["regimes"]:
        assert set(regime) == {"epochs", "prefer", "perhaps_chance", "advantage_points", "ci95", "num_pairs"}
        assert regime["prefer"] in ("depth", "width", "undecided")
        assert is_interval(regime["ci95"])
    crossover = rules["crossover_epochs"]
    assert set(crossover) == {"estimate", "ci95", "status"}
    assert crossover["status"] in ("inside_range", "none_in_range", "undetermined")
    assert (crossover["estimate"] is not None) == (crossover["status"] == "inside_range")
    resolution = rules["resolution"]
    assert set(resolution) == {"prefer", "cap", "ci95", "gain_per_doubling"}
    assert resolution["prefer"] in ("slow", "fast", "undecided")
    step_keys = {"from", "to", "points", "ci95", "flops_ratio", "against"}
    assert all(set(step) == step_keys for step in resolution["gain_per_doubling"])
    assert all(found["verdict"] in ("pays", "hurts", "undecided") for found in rules["returns"])
    assert set(rules["exponents"]) == {"depth", "width", "resolution"}
    assert all(set(warning) == {"code", "message"} for warning in rules["warnings"])
    json.dumps(rules, allow_nan=False)


def tiny(**changes):
    columns = {"depth": [26, 50], "width": 1.0, "resolution": 64, "epochs": 5, "top1": [70.0, 75.0]}
    return pd.DataFrame({**columns, "flops": [1e6, 2e6], **changes})


@pytest.mark.parametrize(
    "frame",
    [
        tiny(),
        tiny().iloc[:1],
        tiny().drop(columns="flops"),
        tiny(top1=80.0),
        tiny(top1=100.0),
        tiny(top1=[np.nan, 75.0]),
        tiny(top1=[np.inf, 75.0]),
        tiny(depth=26),
        tiny(status=["failed", "completed"], failure=["diverged", None]),
        tiny(flops=[np.nan, 1e6]),
        pd.concat([tiny(seed=0), tiny(seed=1)]),
        pd.concat([tiny(setting="a"), tiny(setting="b")]),
    ],
    ids=[
        "two points",
        "one point",
        "no flops",
        "constant",
        "perfect",
        "NaN",
        "infinity",
        "one value on every axis",
        "failed",
        "flops missing once",
        "copies",
        "two settings",
    ],
)
def test_the_schema_holds_and_nothing_is_claimed_from_nothing(frame):
    rules = rules_json(findings_of(frame))
    check_schema(rules)
    assert all(regime["prefer"] == "undecided" for regime in rules["regimes"])
    assert (rules["resolution"]["prefer"], rules["resolution"]["cap"]) == ("undecided", None)
    assert rules["crossover_epochs"]["status"] == "undetermined"


def test_the_schema_holds_where_there_is_much_to_say(planted):
    frame = planted(
        generator=np.random.default_rng(0),
        epochs=(10, 100),
        resolutions=(128, 160, 224),
        depth_bonus=lambda epochs: np.log10(epochs / 30),
    )
    rules = rules_json(findings_of(frame), {"version": "1"})
    check_schema(rules)
    assert [regime["prefer"] for regime in rules["regimes"]] == ["width", "depth"]
    assert [regime["epochs"] for regime in rules["regimes"]] == [10, 100]
    assert rules["crossover_epochs"]["status"] == "inside_range"
    assert rules["provenance"]["num_rows_used"] == len(frame)
    assert rules["provenance"]["seeds"] == [0, 1, 2]
    assert rules["provenance"]["version"] == "1"
    assert rules["provenance"]["bootstrap"]["replicates"] > 0


def test_the_same_rows_give_the_same_rules_in_any_order(planted):
    frame = planted(generator=np.random.default_rng(0))
    mixed = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    assert rules_json(findings_of(frame)) == rules_json(findings_of(mixed))


@pytest.mark.parametrize(
    ("bonus", "words"), [(0.5, "depth is better"), (-0.5, "width is better"), (0.0, "cannot be told apart")]
)
def test_the_sentence_says_the_verdict(planted, bonus, words):
    said = sentences(findings_of(planted(generator=np.random.default_rng(2), depth_bonus=bonus)))
    about_depth = [sentence for sentence in said if sentence.startswith("At 10 epochs, ")]
    assert words in about_depth[0]
    assert about_depth[0].endswith("12 pairs.")


@pytest.mark.parametrize(
    ("value", "ci95", "text"),
    [
        (0.21, (-0.34, 0.71), "+0.2 points (−0.3, 0.7)"),
        (-1.0, None, "−1.0 points (no interval)"),
        (0.0001, (-0.04, 0.06), "0.0 points (−0.04, 0.06)"),
    ],
)
def test_points_for_people(value, ci95, text):
    assert points_text(value, ci95) == text
