"""The report's page in a real browser, without a network, as wide as a phone and as a desk."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.findings import find
from analysis.report import write_report
from analysis.source import read_source

FLAGS = (
    "--headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --disable-background-networking"
)
MEASURE = """<script>addEventListener('load', () => {
  const facts = {page: document.documentElement.scrollWidth, window: innerWidth,
                 drawn: [...document.querySelectorAll('svg, img')].filter(e => e.getBoundingClientRect().width > 100).length,
                 fetched: performance.getEntriesByType('resource').map(e => e.name)};
  document.title = JSON.stringify(facts);
});</script>"""  # noqa: E501


@pytest.fixture
def page(tmp_path: Path) -> Path:
    rows = [
        f"{depth},{width},{resolution},{epochs},{seed},{80 + depth / 8 + 3 * width + epochs / 4 + seed / 3},"
        f"{depth * width**2 * resolution**2}"
        for depth in (8, 14, 20)
        for width in (0.5, 1.0)
        for resolution in (14, 28)
        for epochs in (4, 16)
        for seed in (0, 1, 2)
    ]
    table = tmp_path / "measured.csv"
    table.write_text("\n".join(["depth,width,resolution,epochs,seed,top1,flops", *rows]))
    source = read_source(str(table), {})
    assert find(source).pairs.regimes
    return write_report(source, tmp_path / "report").page


@pytest.mark.parametrize("width", [500, 1200])  # the narrowest window of headless Chromium is 500
def test_the_page_draws_and_fits(page: Path, chromium: str, tmp_path: Path, width: int) -> None:
    measured = tmp_path / "measured.html"
    measured.write_text(page.read_text() + MEASURE)
    picture = tmp_path / "page.png"
    command = [chromium, *FLAGS.split(), f"--user-data-dir={tmp_path}/profile", f"--window-size={width},2000"]
    done = subprocess.run(
        [*command, "--dump-dom", measured.as_uri()], capture_output=True, text=True, timeout=60, check=True
    )
    title = re.findall(r"<title>(.*?)</title>", done.stdout)[-1].replace("&quot;", '"')
    facts = json.loads(title)
    assert facts["page"] <= facts["window"]
    assert facts["drawn"] >= 3
    assert facts["fetched"] == []
    subprocess.run(
        [*command, f"--screenshot={picture}", page.as_uri()], capture_output=True, timeout=60, check=True
    )
    assert len(np.unique(np.asarray(Image.open(picture).convert("L").resize((100, 100))))) > 10
