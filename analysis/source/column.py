"""A column: raw values as numbers or texts, with a refusal of values that are neither."""

from __future__ import annotations

import difflib
import re
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from scaling.errors import Refused

NOT_A_NUMBER = ("", "nan", "na", "null", "none")
"""Spellings of a missing value."""
UNITS_APART = 10.0
"""Ratio of the smallest value above 1 to the largest value up to 1 above which a column may mix fractions and
percentages."""
ALIKE = 0.6
"""Such a column is taken to mix units if the median of the fractions, times 100, is at least this share of
the smallest percentage; otherwise the small values may be percentages of runs that learned nothing."""
MEANT = 0.5
"""Ratio of `difflib` from which a column name is suggested for a missing one."""


def numbers(values: pd.Series) -> pd.Series:
    """A column as floats, thousands separators allowed. Raises `Refused`, naming the row, for text that is
    not a number."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "iuf":  # already numeric
        return values.astype(float)
    given = values.astype(object).where(values.notna(), None).to_numpy()
    found = np.asarray(pd.to_numeric(given, errors="coerce"), dtype=float)
    unread = np.flatnonzero(np.isnan(found) & values.notna().to_numpy())
    cleaned = [_cleaned(value) for value in given[unread]]
    found[unread] = pd.to_numeric(np.array(cleaned, dtype=object), errors="coerce")
    for row, value in zip(unread, cleaned, strict=True):
        if value is not None and np.isnan(found[row]):
            raise Refused(f"row {row + 1} has {values.name} = {given[row]!r}: it must be a number.")
    return pd.Series(found, index=values.index)


def _cleaned(value: object) -> object:
    """The value without its thousands separators (1,234,567.8), or None if it is missing. Any other comma
    stays and is refused later, since it may be a decimal comma."""
    text = str(value).strip()
    if text.lower() in NOT_A_NUMBER:
        return None
    return text.replace(",", "") if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", text) else text


def texts(values: pd.Series) -> pd.Series:
    """A column as it is, with None for empty values; lists and other unhashable values become their text."""
    given = values.astype(object)
    if values.dtype == object:
        given = given.map(lambda value: value if isinstance(value, Hashable) else str(value))
    return given.where(given.notna() & (given != ""), None)


def require(values: pd.Series, good: npt.ArrayLike, needed: str) -> None:
    """Refuse the first value that is not good, naming its row and what is needed."""
    bad = np.flatnonzero(~np.asarray(good, dtype=bool))
    if len(bad):
        value = values.iloc[int(bad[0])]
        shown = f"{value:g}" if isinstance(value, float) else repr(value)
        raise Refused(f"row {bad[0] + 1} has {values.name} = {shown}: it must be {needed}.")


def require_percent(values: pd.Series) -> None:
    """Refuse a column of accuracies or errors that holds fractions instead of percentages, in all rows or in
    some."""
    known = values[np.isfinite(values) & (values > 0)]
    fractions, percent = known[known <= 1], known[known > 1]
    if fractions.empty:
        return
    way_out = f"multiply the fractions by 100, {values.name} is in percent" + (
        "; if it already is, give top1 = 100 - error" if values.name == "error" else ""
    )
    if percent.empty:
        raise Refused(
            f"{values.name} lies between 0 and 1 in every row, so it looks like a fraction: {way_out}."
        )
    meant = 100 * fractions.median()
    if percent.min() > UNITS_APART * fractions.max() and ALIKE * percent.min() <= meant < 100:
        raise Refused(
            f"{values.name} is at most {fractions.max():g} in {len(fractions)} of the rows and at least "
            f"{percent.min():g} in the others, so it looks like two units: {way_out}."
        )


def hint(missing: Sequence[str], raw: pd.DataFrame, known: Sequence[str]) -> str:
    """Text such as ` (--map depth=Depth --map width=w?)`: unknown columns that the missing ones may be
    called."""
    names = [name.split()[0] for name in missing]
    others = [str(column) for column in raw.columns if column not in known]
    ratio = {(a, b): difflib.SequenceMatcher(None, b, a).ratio() for a in names for b in others}
    meant: dict[str, str] = {}
    for name, other in sorted(ratio, key=ratio.__getitem__, reverse=True):
        if ratio[name, other] >= MEANT and name not in meant and other not in meant.values():
            meant[name] = other
    maps = [f"--map {name}={meant[name]}" for name in names if name in meant]
    return f" ({' '.join(maps)}?)" if maps else ""
