"""What a plan says of its hours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from launchers.plan_view import tell_plan
from scaling.profile.forecast import Hours, Source
from scaling.study.plan import Plan, Planned
from scaling.study.point import Point


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        (
            ("specifications", "specifications"),
            "Hours: 2 from specifications alone. Nothing was measured: trust them within a factor",
        ),
        (
            ("specifications", "measured"),
            "Hours: 1 from specifications alone, 1 measured on this device. Trust those from specifications "
            "within a factor of 2 at best",
        ),
        (("measured", "results"), "Hours: 1 measured on this device, 1 from results of this study.\n"),
    ],
)
def test_it_says_what_its_hours_rest_on(
    make_point: Callable[..., Point], sources: tuple[Source, Source], sentence: str
) -> None:
    entries = [
        Planned(point=make_point(seed=seed), action="run", why="", hours=Hours(1.0, source), memory_gb=1.0)
        for seed, source in enumerate(sources)
    ]
    console = Console(record=True, soft_wrap=True)
    tell_plan(console, Path("results/mine"), Plan(entries, slots=1), None)
    assert sentence in console.export_text()
