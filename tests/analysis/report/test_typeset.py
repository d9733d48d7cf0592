"""Typesetting: every cell is kept, and none of its characters is read as markup."""

from __future__ import annotations

import re

import pytest

from analysis.report.typeset import latex, latex_text, markdown
from analysis.sheet import Sheet

SHEET = Sheet(
    "Depth & width",
    "100 % of them.",
    ("model_name", "error (%)", "note"),
    [("a_b|c", "12.50", "cost < 3 × 10^2"), ("50% {x}", "−0.3", "\\end{table} ~ #1 $")],
    num_rows=7,
    topic="pairs",
)
BASES = {"pairs": "From 5 pairs."}


def test_a_markdown_table_has_its_columns_and_says_what_is_left_out():
    lines = markdown([SHEET], BASES).splitlines()
    assert lines[:3] == ["## Depth &amp; width", "", "100 % of them. The first 2 of 7 rows. From 5 pairs."]
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in lines[4:8]] == [4] * 4
    assert lines[5] == "| --- | ---: | --- |"
    assert lines[6] == r"| a\_b\|c | 12.50 | cost \< 3 × 10^2 |"


def test_a_latex_table_is_of_booktabs():
    text = latex([SHEET], BASES)
    assert re.findall(r"\\(toprule|midrule|bottomrule)", text) == ["toprule", "midrule", "bottomrule"]
    assert r"\begin{tabular}{lrl}" in text
    assert [len(re.findall(r"(?<!\\)&", line)) for line in text.splitlines() if line.endswith(r"\\")] == [
        2
    ] * 3
    assert text.count(r"\end{table}") == 1
    assert r"\caption{Depth \& width. 100 \% of them. The first 2 of 7 rows. From 5 pairs.}" in text


def test_a_table_longer_than_a_page_goes_on_over_the_next():
    text = latex([Sheet("Long", "", ("n",), [(str(n),) for n in range(60)])], {})
    assert r"\begin{longtable}{r}" in text
    assert text.index(r"\toprule") < text.index(r"\endhead") < text.index(r"  59 \\")
    assert r"\begin{table}" not in text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a_b & c%", r"a\_b \& c\%"),
        (r"\end{table}", r"\textbackslash{}end\{table\}"),
        ("10^2 ~ #1 $", r"10\textasciicircum{}2 \textasciitilde{} \#1 \$"),
        ("−0.3 → 1 × 2", r"$-$0.3 $\to$ 1 $\times$ 2"),
        ("two\nlines", "two lines"),
    ],
)
def test_characters_are_escaped(text, written):
    assert latex_text(text) == written


def test_nothing_but_ascii_is_left_of_what_the_sheets_use():
    assert latex_text("−±×→≤≥…–“”\N{NO-BREAK SPACE}").isascii()
