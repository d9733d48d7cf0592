"""The page during changes: a running study, a lost connection, and malicious names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser import Page
from tests.control.conftest import SLOW
from tests.control.web.conftest import Page as Served
from tests.launchers.conftest import Sweep

Serve = Callable[..., Served]
CONNECTION = "document.getElementById('connection').innerText"
HARM = "<img src=x onerror=hacked=1>"
MARKER = """(() => {
  const marker = document.querySelector('#curves-loss .point');
  marker.scrollIntoView({block: 'center'});
  const box = marker.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
})()"""
"""JavaScript for the position of the first marker in the window."""
TRACEBACK = f"Traceback (most recent call last):\n</pre><script>window.hacked=1</script>{HARM}\"'&lt;b&gt;\n"


def test_it_follows_a_running_study(page: Page, start_sweep: Callable[..., Sweep], serve: Serve) -> None:
    sweep = start_sweep(f"{SLOW} hydra.launcher.slots=1")
    sweep.wait_for(lambda states: len(states) == 3)
    page.open(serve(sweep.study.path, "--port 0 --every 0.5").url, width=1400)
    page.wait_for("document.querySelectorAll('#points tbody tr').length == 3")
    assert page.evaluate(CONNECTION) == "live"
    page.evaluate("window.mark = 'the same page'")
    rows = "[...document.querySelectorAll('#points tbody tr')]"
    longest = f"{rows}.find(row => row.innerText.includes('/20'))"
    page.evaluate(f"{longest}.querySelector('button').focus(); window.row = {longest}")
    curve = "document.getElementById('curves-accuracy').data?.at(-1).x.length"
    page.wait_for(f"{curve} >= 2")
    page.evaluate("scrollTo(0, 300)")
    page.wait_for(f"{curve} > {page.evaluate(curve)}")
    assert page.evaluate("scrollY") == 300
    assert page.evaluate("document.querySelector('#counts b').innerText") == "0"
    page.wait_for(f"{CONNECTION} == 'ended'", timeout_s=120)
    assert page.evaluate("document.querySelector('#counts b').innerText") == "3"
    page.wait_for("document.getElementById('frontier-chart').data?.at(-1).x.length >= 1")
    assert page.evaluate("window.mark") == "the same page"
    assert page.evaluate(f"document.activeElement.closest('tr') == window.row && window.row == {longest}")
    assert sweep.end()[0] == 0


def test_a_lost_connection_is_said_and_mended(page: Page, finished: Path, serve: Serve) -> None:
    first = serve(finished)
    page.open(first.url, width=1400)
    page.wait_for(f"{CONNECTION} == 'ended'")
    first.end()
    page.wait_for(f"{CONNECTION} == 'lost, trying again'")
    assert "may be out of date" in page.evaluate("document.getElementById('lost').innerText")
    serve(finished, f"--port {first.port}")
    page.wait_for(f"{CONNECTION} == 'ended'")
    assert not page.evaluate("document.getElementById('lost').checkVisibility()")


def test_a_study_that_was_never_read_says_why(
    page: Page, finished: Path, tmp_path: Path, serve: Serve
) -> None:
    study = shutil.copytree(finished, tmp_path / "mine", ignore=shutil.ignore_patterns("points"))
    (study / "points").symlink_to("points")
    page.open(serve(study, "--port 0 --every 0.5").url, width=390)
    complaint = "document.getElementById('complaint')"
    assert f"{study} cannot be read: " in page.wait_for(
        f"{complaint}.checkVisibility() && {complaint}.innerText"
    )
    (study / "points").unlink()
    shutil.copytree(finished / "points", study / "points")
    page.wait_for(f"document.querySelectorAll('#points tbody tr').length == 10 && {complaint}.hidden")


def test_a_damaged_point_is_named_where_it_is_missed(
    page: Page, finished: Path, tmp_path: Path, serve: Serve
) -> None:
    study = shutil.copytree(finished, tmp_path / "mine")
    (damaged := next(study.glob("points/*/point.json"))).write_text("{")
    page.open(serve(study).url, width=390)
    page.wait_for("document.querySelectorAll('#points tbody tr').length == 9")
    why = f"{damaged} is not valid JSON"
    for place in ("complaint", "rules-empty", "frontier-empty"):
        page.wait_for(f"document.getElementById('{place}').innerText.includes({json.dumps(why)})")


def test_a_replayed_study_is_told_from_a_trained_one(
    page: Page, finished: Path, tmp_path: Path, serve: Serve
) -> None:
    study = shutil.copytree(finished, tmp_path / "mine")
    about = json.loads((study / "study.json").read_text())
    about["history"][-1]["replayed"] = "table.csv, without noise"
    (study / "study.json").write_text(json.dumps(about))
    page.open(serve(study).url, width=390)
    told = page.wait_for("document.getElementById('complaint').innerText")
    assert told == "Replayed from table.csv, without noise: nothing here was trained."


@pytest.fixture
def hostile(finished: Path, tmp_path: Path) -> Path:
    """The same study, with HTML in its names, messages and logs."""
    study = tmp_path / HARM
    shutil.copytree(finished, study)
    for place in (study / "points").iterdir():
        point = json.loads((place / "point.json").read_text())
        rate = point["recipe"]["learning_rate"]
        point["recipe"] |= {"optimizer": f"{HARM} {rate}", f"{HARM}<b>": str(rate)}
        (place / "point.json").write_text(json.dumps(point))
        state = json.loads((place / "status.json").read_text())
        state["message"] = f"{HARM} {state['message']}"
        if state["failure"] is not None:
            state["failure"] = HARM
        (place / "status.json").write_text(json.dumps(state))
        (place / "log.txt").write_text(TRACEBACK)
    return study


def test_what_a_study_says_is_never_read_as_html(page: Page, hostile: Path, serve: Serve) -> None:
    page.open(serve(hostile).url, width=1400)
    page.wait_for("document.querySelectorAll('#points tbody tr').length == 10")
    assert page.evaluate("document.querySelector('h1').innerText") == HARM
    cells = page.evaluate("[...document.querySelectorAll('#points td')].map(cell => cell.innerText)")
    assert f"{HARM} 1e+30" in cells
    page.evaluate("document.querySelector('#failures details details summary').click()")
    assert page.wait_for("document.querySelector('#failures pre').textContent") == TRACEBACK
    page.evaluate("document.querySelectorAll('#points tbody input')[5].click()")
    page.wait_for("document.querySelector('#curves-loss .point') != null")
    page.point_at(*page.evaluate(MARKER))
    assert HARM in page.wait_for("document.querySelector('#curves-loss .hovertext')?.textContent")
    page.evaluate("document.querySelector('#points tbody tr').click()")
    page.wait_for(f"document.getElementById('detail-log').textContent == {json.dumps(TRACEBACK)}")
    assert f"'{hostile}'" in page.evaluate("document.getElementById('detail-commands').innerText")
    assert f"--failure '{HARM}'" in page.evaluate("document.querySelector('#failures code').innerText")
    assert page.evaluate("document.querySelectorAll('img, script:not([src])').length") == 0
    assert page.evaluate("window.hacked === undefined")


def test_a_wrong_token_is_told_so_and_the_right_one_is_kept(page: Page, finished: Path, serve: Serve) -> None:
    url = serve(finished, "--port 0 --token").url
    place = url.partition("?")[0]
    page.open(f"{place}?token=wrong", width=390)
    assert "needs its token" in page.evaluate("document.body.innerText")
    page.open(url, width=390)
    page.wait_for(f"{CONNECTION} == 'ended'")
    page.open(place, width=390)
    page.wait_for(f"{CONNECTION} == 'ended'")
    assert page.evaluate("document.cookie") == ""
