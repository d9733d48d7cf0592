"""What tells the settings of a table apart: the few columns by which a person knows which model is which."""

from __future__ import annotations

import pandas as pd

MAX_COLUMNS = 3
"""If more are needed, a setting goes by its own name, with which table.csv has all of it."""
FIRST = ("model", "recipe", "evaluated_on", "start.tune", "start.epochs", "start.resolution", "start.data")
"""Columns that are preferred, in this order, to the others with a dot in their name."""
NEVER = ("start.point", "start.study", "start.origin", "start.setting", "start.channels", "pseudo.baseline")
"""Names for machines."""
OF_FRAMES = r" of [\d.]+ frames$"
"""End of the setting of clips; tables have a column of frames."""
NONE = {"start.tune": "scratch"}
"""Text of an empty cell, instead of `none`."""


def settings_apart(rows: pd.DataFrame) -> pd.DataFrame:
    """The text of the telling columns for each `setting` of the rows; without columns where there is one
    setting, whatever the frames of its clips.

    Only columns that are constant within a setting count. They are taken one at a time, each time the one
    that tells the most settings apart; the column `setting` if these do not tell all.
    """
    settings = pd.Index(sorted(rows["setting"].unique()), name="setting")
    names = settings.str.replace(OF_FRAMES, "", regex=True)
    if names.nunique() < 2:
        return pd.DataFrame(index=settings)
    texts = pd.DataFrame({name: _texts(rows, name) for name in _columns(rows)}, index=settings)
    texts = texts.dropna(axis="columns")
    chosen: list[str] = []
    while found := _best(texts, chosen):
        chosen.append(found)
    if len(chosen) > MAX_COLUMNS or _num_told(texts, chosen) < names.nunique():
        return pd.DataFrame({"setting": names}, index=settings)
    return texts[chosen]


def _columns(rows: pd.DataFrame) -> list[str]:
    """Columns with several values that may tell settings apart, the preferred ones first."""
    dotted = [str(name) for name in rows if "." in str(name) and name not in (*FIRST, *NEVER)]
    names = [*(name for name in FIRST if name in rows), "precision", *dotted]
    return [name for name in names if name in rows and rows[name].nunique(dropna=False) > 1]


def _texts(rows: pd.DataFrame, name: str) -> pd.Series:
    """The value of a column in each setting; empty in a setting that has several."""
    cells = rows.groupby("setting")[name]
    first = cells.first()
    text = first.map(lambda value: f"{value:g}" if isinstance(value, float) else str(value))
    text = text.where(first.notna(), NONE.get(name, "none"))
    return text.where(cells.nunique(dropna=False) == 1)


def _best(texts: pd.DataFrame, chosen: list[str]) -> str | None:
    """The column that, beside those chosen, tells most settings apart; None if no column adds anything."""
    counts = {name: _num_told(texts, [*chosen, name]) for name in texts.columns if name not in chosen}
    best = max(counts, key=lambda name: counts[name], default=None)
    return best if best is not None and counts[best] > _num_told(texts, chosen) else None


def _num_told(texts: pd.DataFrame, names: list[str]) -> int:
    return len(texts[names].drop_duplicates()) if names else 1
