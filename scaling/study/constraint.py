"""A constraint: a condition that a point must meet to be kept, as written after `where=`."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from scaling.errors import Refused
from scaling.study.expression import Expression, Reader, Seen
from scaling.study.operation import FUNCTIONS, Function

LONGEST = 1000
"""Largest number of characters in a constraint."""

DEEPEST = 50
"""Largest depth of its syntax tree."""

_TOO_DEEP = f"where is nested more than {DEEPEST} deep: use fewer parentheses and signs."

_NO_FUNCTIONS: Mapping[str, Function] = MappingProxyType({})

_STRINGS = re.compile(r"'(?:\\.|[^'\\])*(?:'|$)|\"(?:\\.|[^\"\\])*(?:\"|$)")

_SLIPS = (
    (r"&&?", "and"),
    (r"\|\|?", "or"),
    (r"!(?!=)|~", "not"),
    (r"\b(?:AND|OR|NOT|IN)\b", "small letters"),
    (r"\bis not\b|<>", "!="),
    (r"\bis\b|(?<![<>=!:])=(?![=<>])", "=="),
    (r"=<", "<="),
    (r"=>", ">="),
    (r"\^", "**"),
    (r"(?<![\w.])[\d.]+[kMGT]\b", "a number such as 2e9"),
    (r"#.*", "no comment"),
)
"""Patterns that are never valid outside quotes, and what to write instead."""


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """Conditions on the quantities of a point, all of which must hold."""

    text: str
    conditions: tuple[Expression, ...]
    """The parts of a top-level `and`, in order."""

    @classmethod
    def parse(
        cls, text: object, quantities: Collection[str], functions: Mapping[str, Function] = _NO_FUNCTIONS
    ) -> Constraint:
        """Parse a constraint such as `flops < 2e9 and fits(80)`.

        `quantities` are the names it may use, including dotted ones such as `recipe.label_smoothing`;
        `functions` are added to `min max abs round log2 sqrt`. Raises Refused if `text` is not valid.
        """
        line = _one_line(text)
        reader = Reader(text=line, quantities=quantities, functions={**FUNCTIONS, **functions})
        return cls(text=line, conditions=tuple(reader.conditions(_tree(line))))

    @cached_property
    def names(self) -> frozenset[str]:
        """The quantities that the constraint uses, including those that its functions use."""
        return frozenset(name for condition in self.conditions for name in condition.names)

    def reason(self, values: Mapping[str, Any]) -> str | None:
        """None if the point is kept, else the first failed condition: `flops < 2e9 is false (flops=4.6e9)`.

        Each quantity is looked up once, when a condition first needs it. Raises Refused if a condition cannot
        be evaluated, such as a division by zero.
        """
        seen = Seen()
        seen.source = values
        for condition in self.conditions:
            if not condition.value(seen):
                return f"{condition.text} is false{seen.shown(condition.names)}"
        return None


def _one_line(text: object) -> str:
    """`text` as one line. Raises Refused if it is empty or too long, and for common slips such as `&&`."""
    if not isinstance(text, str):
        raise Refused(
            f"where={text} is not a text: put it in two pairs of quotes, as in \"where='flops < 2e9'\"."
        )
    if len(text) > LONGEST:
        raise Refused(f"where has {len(text)} characters: use at most {LONGEST}.")
    line = re.sub(r"[\r\n]", " ", text).strip()
    if not line:
        raise Refused("where is empty: write a condition, as in \"where='flops < 2e9'\".")
    bare = _STRINGS.sub("''", line)
    for pattern, right in _SLIPS:
        if found := re.search(pattern, bare):
            raise Refused(f"where: write {right} rather than {found[0]} in {line!r}.")
    return line


def _tree(line: str) -> ast.expr:
    try:
        with warnings.catch_warnings(action="error"):  # Python only warns about '\d' and 1and 2
            tree = ast.parse(line, mode="eval").body
    except SyntaxError as error:
        place = f"at {line[error.offset - 1 :][:20]!r}" if error.offset else "to its end"
        raise Refused(f"where: {line!r} cannot be read {place}: {error.msg}.") from None
    except ValueError:
        raise Refused(f"where: {line!r} has characters that are not text.") from None
    except (RecursionError, MemoryError):
        raise Refused(_TOO_DEEP) from None
    if _depth(tree) > DEEPEST:
        raise Refused(_TOO_DEEP)
    return tree


def _depth(tree: ast.AST) -> int:
    """Number of levels of a tree, counted without recursion."""
    level, depth = [tree], 0
    while level:
        depth += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return depth
