"""The terminal: printed tables."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from analysis.report.terminal import print_sheet
from analysis.sheet import Sheet

HEAD = ("point", "depth", "width", "px", "params", "FLOPs", "memory", "top-1 (%)", "latency", "message")
ROW = ("e3093773", "110", "0.67", "224", "12.3M", "9.81G", "2.76 GB", "83.6 (83.3, 83.9)", "34.6 ms")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_number_is_cut_off_however_narrow_the_terminal(width: int) -> None:
    printed = io.StringIO()
    sheet = Sheet("Models", "", HEAD, [(*ROW, "a sentence that may go on over several lines")])
    print_sheet(Console(file=printed, width=width), sheet)
    line = next(line for line in printed.getvalue().splitlines() if line.startswith("e3093773"))
    assert re.split(r"\s{2,}", line)[: len(ROW)] == list(ROW)
