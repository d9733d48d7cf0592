"""Tables: rows are cleaned, left out with a reason, or refused in one sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.source.clean import build_table
from scaling.errors import Refused


def raw(**changes):
    columns = {"depth": [26, 50], "width": [0.5, 1], "resolution": 128, "epochs": 10, "top1": [70.0, 75.0]}
    return pd.DataFrame({**columns, **changes})


def table(frame):
    return build_table(frame, name="mine", source="mine.csv")


def test_error_is_what_top1_lacks_to_100():
    assert table(raw()).rows["error"].tolist() == [30.0, 25.0]


def test_error_alone_is_enough():
    rows = table(raw(error=[30.0, 25.0]).drop(columns="top1")).rows
    assert rows["top1"].tolist() == [70.0, 75.0]


def test_thousands_commas_are_read():
    assert table(raw(flops=["1,000,000", "2,000,000"])).rows["flops"].tolist() == [1e6, 2e6]


def test_numbers_are_read_alike_as_numbers_and_as_text():
    frame = raw(flops=[2**53 + 1, 3], params=[1e6, np.nan], latency_ms=[np.inf, 0.1 + 0.2])
    pd.testing.assert_frame_equal(table(frame).rows, table(frame.astype(str)).rows, check_exact=True)


@pytest.mark.parametrize(
    ("status", "top1", "reason"),
    [
        ("failed", 70.0, "failed"),
        ("pending", np.nan, "pending"),
        ("completed", np.nan, "no_accuracy"),
        ("completed", np.inf, "no_accuracy"),
    ],
)
def test_a_row_is_left_out_with_its_reason(status, top1, reason):
    got = table(raw(status=[status, "completed"], top1=[top1, 75.0]))
    assert got.left_out() == {reason: 1}
    assert got.usable["error"].tolist() == [25.0]


def test_impossible_costs_become_unknown():
    rows = table(raw(flops=[-1.0, np.inf])).rows
    assert rows["flops"].isna().all()


def test_hours_are_numbers_and_their_source_is_text():
    hours = {"predicted_hours": ["1.5", ""], "actual_hours": ["2", "0"], "predicted_from": ["results", ""]}
    rows = table(raw(**hours)).rows
    assert (rows["predicted_hours"][0], rows["actual_hours"][0], rows["predicted_from"][0]) == (
        1.5,
        2,
        "results",
    )
    assert rows[list(hours)].iloc[1].isna().all()
    assert table(raw()).rows[list(hours)].isna().all(axis=None)


def test_accuracies_at_other_resolutions_are_numbers_where_they_were_measured():
    measured = {"top1@28": ["71.5", ""], "test_top1@28": ["70", None], "loss@28": [1.25, None]}
    rows = table(raw(**measured)).rows
    assert rows[list(measured)].iloc[0].tolist() == [71.5, 70, 1.25]
    assert rows[list(measured)].iloc[1].isna().all()
    with pytest.raises(Refused, match="row 2 has top1@28 = 'high'"):
        table(raw(**{"top1@28": ["71.5", "high"]}))


def test_without_seeds_equal_rows_are_repeats():
    rows = table(raw(depth=26, width=0.5)).rows
    assert sorted(rows["seed"]) == [0, 1]


def test_recipes_make_settings_when_the_digest_is_absent():
    same = table(raw(**{"recipe.label_smoothing": [0.1, 0.1]})).rows
    other = table(raw(**{"recipe.label_smoothing": [0.0, 0.1]})).rows
    assert (same["setting"].nunique(), other["setting"].nunique()) == (1, 2)


def test_a_digest_that_is_given_is_kept():
    assert set(table(raw(setting=["aaaa0000", "bbbb0000"])).rows["setting"]) == {"aaaa0000", "bbbb0000"}


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (raw().drop(columns="width"), ["width", "known columns"]),
        (raw().rename(columns={"top1": "top_1"}), ["top1 (or error)", "--map top1=top_1"]),
        (raw().drop(columns=["depth", "epochs"]), ["depth, epochs"]),
        (
            raw().rename(columns={"width": "widths"}).drop(columns="depth"),
            ["depth, width (--map width=widths?)"],
        ),
        (raw().iloc[:0], ["no rows"]),
        (raw(top1=["70", "good"]), ["row 2", "'good'", "number"]),
        (raw(resolution=[128, 160.5]), ["row 2", "160.5", "whole"]),
        (raw(depth=[26, -1.5]), ["row 2", "-1.5", "positive"]),
        (raw(width=[0.5, -1]), ["row 2", "width = -1"]),
        (raw(width=[0.5, np.nan]), ["row 2", "width"]),
        (raw(epochs=[np.inf, 1]), ["row 1", "epochs = inf"]),
        (raw(top1=[70.0, 175.0]), ["row 2", "175"]),
        (raw(top1=[0.70, 0.75]), ["multiply", "100"]),
        (raw(status=["done", "completed"]), ["'done'", "completed"]),
    ],
)
def test_bad_rows_are_refused_by_name(frame, words):
    with pytest.raises(Refused) as refusal:
        table(frame)
    assert all(word in str(refusal.value) for word in words)
    assert "\n" not in str(refusal.value)


def test_the_digest_forgets_the_order_of_rows_but_not_their_numbers():
    frame = raw()
    assert table(frame).digest() == table(frame.iloc[::-1].reset_index(drop=True)).digest()
    assert table(frame).digest() != table(raw(top1=[70.0, 75.1])).digest()


def test_the_raw_rows_are_not_touched():
    frame = raw(status=["failed", "completed"])
    before = frame.copy()
    table(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_depth_may_be_a_multiplier():
    """As for an EfficientNet; whole depths stay whole."""
    assert list(table(raw(depth=[1.0, 1.1])).rows["depth"]) == [1.0, 1.1]
    assert table(raw(depth=[26.0, 50.0])).rows["depth"].dtype == int


def test_directories_of_ones_own_are_data_sets_apart(planted):
    """They have one name, whatever is in them; a planned point is of the files that its setting has."""
    frame = planted(generator=np.random.default_rng(0), num_seeds=1).assign(data="image_folder")
    deep = frame["depth"] > 26
    frame = frame.assign(setting=np.where(deep, "a", "b"))
    one = build_table(frame.assign(fingerprint="0123456789ab"), name="x", source="x.csv")
    assert set(one.rows["data"]) == {"image_folder"}
    files = frame.assign(fingerprint=np.where(deep, "0123456789ab", "ba9876543210"))
    files.loc[files.index[deep][0], "fingerprint"] = None
    two = build_table(files, name="x", source="x.csv")
    assert set(two.rows["data"]) == {"image_folder 01234567", "image_folder ba987654"}
