"""An operation of an expression: Python's own, restricted to the types it is meant for."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_LARGEST_BITS = 1024
"""Largest size of an integer power; a larger power is computed as a float, or is too large for one."""

_NUMBERS = frozenset({int, float})


class NoValue(Exception):
    """An operation has no value. Its text follows that of the operation: `1 / width` + `divides by zero`."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function that an expression may call."""

    call: Callable[..., Any]
    """Called with the values of `uses`, then the written arguments; may raise Refused."""
    takes: range
    """Allowed numbers of written arguments."""
    uses: tuple[str, ...] = ()
    """Quantities that it depends on, which are shown with its result."""


def truth(value: Any) -> bool:
    """The value itself; raises NoValue if it is not a boolean."""
    if isinstance(value, bool):
        return value
    raise NoValue("is neither true nor false and has to be compared")


def among(sought: Any, *items: Any) -> bool:
    """Whether one of the items equals `sought`."""
    return any(_equal(sought, item) for item in items)


def power(base: float, exponent: float) -> float:
    """Python's power, but never an integer of more than 1,024 bits nor a complex number."""
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
        small = base.bit_length() * exponent <= _LARGEST_BITS
        return int(base**exponent) if small else math.pow(base, exponent)
    return math.pow(base, exponent)


def _of_numbers(operation: Callable[..., Any]) -> Callable[..., Any]:
    """`operation`, raising NoValue for operands that are not numbers and if there is no result."""

    def apply(*operands: Any) -> Any:
        for operand in operands:
            if type(operand) not in _NUMBERS and _kind(operand) != "a number":
                raise NoValue(f"needs numbers, not {_kind(operand)}")
        try:
            return operation(*operands)
        except ZeroDivisionError:
            raise NoValue("divides by zero") from None
        except OverflowError:
            raise NoValue("is too large a number") from None
        except ValueError:
            raise NoValue("is not defined") from None

    return apply


def _of_a_kind(operation: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """A comparison of two numbers or two texts; raises NoValue for operands of different kinds.

    None, a setting that is not set, equals only itself and cannot be ordered.
    """

    def compare(left: Any, right: Any) -> bool:
        if type(left) not in _NUMBERS or type(right) not in _NUMBERS:
            kinds = _kind(left), _kind(right)
            if kinds[0] != kinds[1] and left is not None and right is not None:
                raise NoValue(f"compares {kinds[0]} with {kinds[1]}")
        try:
            return operation(left, right)
        except TypeError:
            raise NoValue(f"compares {_kind(left)} with {_kind(right)}") from None

    return compare


def _kind(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
    return f"a {type(value).__name__}"


_equal = _of_a_kind(operator.eq)

negative = _of_numbers(operator.neg)

ARITHMETIC: Mapping[type[ast.operator], Callable[..., Any]] = {
    ast.Add: _of_numbers(operator.add),
    ast.Sub: _of_numbers(operator.sub),
    ast.Mult: _of_numbers(operator.mul),
    ast.Div: _of_numbers(operator.truediv),
    ast.FloorDiv: _of_numbers(operator.floordiv),
    ast.Mod: _of_numbers(operator.mod),
    ast.Pow: _of_numbers(power),
}

COMPARISONS: Mapping[type[ast.cmpop], Callable[..., bool]] = {
    ast.Lt: _of_a_kind(operator.lt),
    ast.LtE: _of_a_kind(operator.le),
    ast.Gt: _of_a_kind(operator.gt),
    ast.GtE: _of_a_kind(operator.ge),
    ast.Eq: _equal,
    ast.NotEq: _of_a_kind(operator.ne),
    ast.In: among,
    ast.NotIn: lambda sought, *items: not among(sought, *items),
}

FUNCTIONS: Mapping[str, Function] = {
    "min": Function(call=_of_numbers(min), takes=range(2, 100)),
    "max": Function(call=_of_numbers(max), takes=range(2, 100)),
    "abs": Function(call=_of_numbers(abs), takes=range(1, 2)),
    "round": Function(call=_of_numbers(round), takes=range(1, 2)),
    "log2": Function(call=_of_numbers(math.log2), takes=range(1, 2)),
    "sqrt": Function(call=_of_numbers(math.sqrt), takes=range(1, 2)),
}
"""Functions available in every expression."""
