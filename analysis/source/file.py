"""Files as sources: CSV and Parquet, read as raw rows."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from scaling.errors import Refused


def read_file(path: Path) -> pd.DataFrame:
    """The rows of a CSV or Parquet file, chosen by its suffix. Raises `Refused` for any other file and for
    one that cannot be read."""
    readers = {".csv": read_csv, ".parquet": _read_parquet}
    if path.suffix.lower() not in readers:
        raise Refused(f"{path} is neither a study directory nor a file ending in .csv or .parquet.")
    return readers[path.suffix.lower()](path)


def read_csv(path: Path) -> pd.DataFrame:
    """The rows of a CSV file, every field as text. Raises `Refused` unless it is UTF-8, its fields are
    separated by commas and its column names are unique."""
    header = _read(path, header=None, nrows=1).iloc[0].fillna("")
    _check_header([str(name).strip() for name in header], path)
    return _read(path, index_col=False).rename(columns=lambda name: str(name).strip())


def _read(path: Path, **options: Any) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            rows: pd.DataFrame = pd.read_csv(path, dtype=str, skipinitialspace=True, **options)
            return rows
    except pd.errors.EmptyDataError as error:
        raise Refused(f"{path} is empty: it needs a header and one row per point.") from error
    except (pd.errors.ParserError, pd.errors.ParserWarning, UnicodeDecodeError, ValueError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise Refused(
            f"{path} is not a readable CSV ({reason}): use UTF-8, and commas between fields."
        ) from error
    except OSError as error:
        raise Refused(f"{path} cannot be read ({error.strerror}).") from error


def _check_header(names: list[str], path: Path) -> None:
    for separator, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(names) == 1 and separator in names[0]:
            raise Refused(f"{path} has {word} between its fields: use commas, and decimal points in numbers.")
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise Refused(f"{path} has more than one column {', '.join(twice)}: keep one of each.")


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        raw = pd.read_parquet(path)
    except ImportError as error:
        raise Refused(f"{path} needs the package pyarrow: pip install pyarrow, or give a CSV.") from error
    except (OSError, ValueError) as error:
        raise Refused(f"{path} is not a readable Parquet file ({' '.join(str(error).split())}).") from error
    return raw.rename(columns=str)
