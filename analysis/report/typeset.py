"""Typesetting: the sheets as Markdown and as LaTeX, with all special characters escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from analysis.sheet import Sheet

LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "→": r"$\to$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "…": r"\ldots{}",
    "–": "--",
    "“": "``",
    "”": "''",
    "\N{NO-BREAK SPACE}": "~",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
"""Escapes of LaTeX's special characters, and of those beyond ASCII that the sheets use."""
MAX_FLOAT = 35
"""Number of rows of the longest table that fits a page."""
NUMBER = re.compile(r"[+−-]?\d[\d.,]*( ?(%|[kMGTPEZY]|ms|s|min|h|d))?")


def markdown(sheets: Sequence[Sheet], basis_of: Mapping[str, str]) -> str:
    """Every sheet as a heading, a note, the basis of its topic and a pipe table."""
    return "\n".join(_markdown(sheet, _note(sheet, basis_of)) for sheet in sheets)


def latex(sheets: Sequence[Sheet], basis_of: Mapping[str, str]) -> str:
    r"""Every sheet as a `table`, or a `longtable` where it is longer than a page, with the rules of booktabs.

    For a paper with \usepackage[T1]{fontenc} and \usepackage{booktabs,longtable}: \input{tables.tex}.
    """
    return "\n".join(
        ["% \\usepackage{booktabs,longtable}", *(_latex(sheet, _note(sheet, basis_of)) for sheet in sheets)]
    )


def latex_text(text: str) -> str:
    """The text with LaTeX's special characters escaped."""
    return "".join(LATEX.get(character, character) for character in " ".join(text.split()))


def _note(sheet: Sheet, basis_of: Mapping[str, str]) -> str:
    return f"{sheet.full_note} {basis_of.get(sheet.topic, '')}".strip()


def _markdown(sheet: Sheet, note: str) -> str:
    rows = [sheet.head, tuple("---:" if right else "---" for right in _right(sheet)), *sheet.rows]
    lines = [f"| {' | '.join(map(_markdown_text, row))} |" for row in rows]
    return "\n".join([f"## {_markdown_text(sheet.title)}", "", _markdown_text(note), "", *lines, ""])


def _markdown_text(text: str) -> str:
    escaped = re.sub(r"([\\`*_|<>\[\]])", r"\\\1", " ".join(text.split()))
    return escaped.replace("&", "&amp;")


def _latex(sheet: Sheet, note: str) -> str:
    columns = "".join("r" if right else "l" for right in _right(sheet))
    head, *rows = (f"  {' & '.join(map(latex_text, row))} \\\\" for row in (sheet.head, *sheet.rows))
    caption = f"\\caption{{{latex_text(f'{sheet.title}. {note}')}}}"
    top, bottom = (r"  \toprule", head, r"  \midrule"), r"  \bottomrule"
    if len(rows) > MAX_FLOAT:
        lines = [f"\\begin{{longtable}}{{{columns}}}", f"  {caption}\\\\", *top, r"  \endhead", *rows, bottom]
        return "\n".join([*lines, r"\end{longtable}", ""])
    lines = [r"\begin{table}", r"  \centering", f"  {caption}", f"  \\begin{{tabular}}{{{columns}}}"]
    return "\n".join([*lines, *top, *rows, bottom, r"  \end{tabular}", r"\end{table}", ""])


def _right(sheet: Sheet) -> list[bool]:
    """Which columns hold only numbers, and are aligned to the right."""
    columns = zip(*sheet.rows, strict=True) if sheet.rows else [()] * len(sheet.head)
    return [bool(column) and all(NUMBER.fullmatch(cell) for cell in column if cell) for column in columns]
