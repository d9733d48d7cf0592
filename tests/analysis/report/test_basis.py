"""Bases: every number of a report states its rows and the source of its uncertainty."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.findings import find
from analysis.report.basis import bases
from analysis.report.figures import pictures
from analysis.report.sheets import sheets
from analysis.sentences import sentences, sentences_by_topic
from analysis.source.clean import build_table


@pytest.fixture
def findings(planted):
    frame = planted(generator=np.random.default_rng(0), epochs=(5, 20), num_seeds=2)
    return find(build_table(frame, name="x", source="x.csv"))


def test_every_sentence_figure_and_table_has_a_basis(findings):
    known = bases(findings)
    told = sentences_by_topic(findings)
    assert [sentence for topic in told for sentence in told[topic]] == sentences(findings)
    assert {topic for topic in told if told[topic]} <= set(known)
    assert {sheet.topic for sheet in sheets(findings)} <= set(known)
    assert {picture.topic for picture in pictures(findings)} <= set(known)


def test_a_basis_counts_rows_noise_and_replicates_and_has_the_digest(findings):
    known = bases(findings)
    digest = findings.table.digest()
    assert known["frontier"].startswith("36 models (36 with known FLOPs, 36 with known parameters, ")
    noise = "noise of a run pooled from repeated seeds, 36 degrees of freedom"
    replicates = f"{findings.replicates:,} bootstrap replicates"
    assert known["frontier"].endswith(f"from 72 of 72 rows of x.csv, digest {digest}; {noise}; {replicates}.")
    numbers = [f"{each.num_pairs} at {each.epochs:g} epochs" for each in findings.pairs.regimes]
    assert known["pairs"].startswith(f"Pairs at equal FLOPs ({', '.join(numbers)}), from ")
    assert f"{len(findings.law.theta_draws)} replicates of noise and lack of fit" in known["law"]
    assert all(digest in text for text in known.values())


def test_where_noise_is_unknown_the_basis_says_so():
    frame = pd.DataFrame({"depth": [8, 14], "width": 1.0, "resolution": 28, "epochs": 2, "top1": [80, 90]})
    known = bases(find(build_table(frame.assign(flops=[1e6, 2e6]), name="x", source="x.csv")))
    assert known["frontier"].endswith("; noise unknown, so there are no intervals.")
    assert set(known) == {"frontier", "returns", "missing"}
