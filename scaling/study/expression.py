"""An expression of a constraint, turned from Python's syntax tree into closures. No text is ever executed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from scaling.errors import Refused
from scaling.study.operation import ARITHMETIC, COMPARISONS, Function, NoValue, negative, truth
from scaling.study.spelling import nearest


class Seen(dict[str, Any]):
    """The values of one point, each looked up in `source` when it is first needed, then cached."""

    __slots__ = ("source",)
    source: Mapping[str, Any]

    def __missing__(self, name: str) -> Any:
        value = self[name] = self.source[name]
        return value

    def shown(self, names: Sequence[str]) -> str:
        """The `names` looked up so far, with values, as in ` (flops=4.6e9, width=0.5)`; empty if none was."""
        pairs = [f"{name}={_shown(self[name])}" for name in names if name in self]
        return f" ({', '.join(pairs)})" if pairs else ""


def _shown(value: Any) -> str:
    """A value as a person would type it: 4600000000 -> `4.6e9`, True -> `true`."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, int | float):
        return repr(value)
    digits, mark, exponent = f"{value:.6g}".partition("e")
    return f"{digits}e{int(exponent)}" if mark else digits


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A part of a constraint's text, and the function that evaluates it for the values of a point."""

    text: str
    names: tuple[str, ...]
    """Quantities that it uses, in the order of the text."""
    value: Callable[[Seen], Any]
    """Evaluates the expression; raises Refused if it has no value, such as a division by zero."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Translates syntax nodes of a one-line text; raises Refused for syntax that constraints do not allow."""

    text: str
    quantities: Collection[str]
    functions: Mapping[str, Function]

    def conditions(self, node: ast.expr) -> list[Expression]:
        """The conditions that must all hold: the operands of a top-level `and`, or the whole expression."""
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            return [condition for part in node.values for condition in self.conditions(part)]
        return [self._condition(node)]

    def _condition(self, node: ast.expr) -> Expression:
        """A boolean expression."""
        match node:
            case ast.BoolOp():
                return self._joined(node)
            case ast.UnaryOp(op=ast.Not()):
                return self._applied(node, operator.not_, [self._condition(node.operand)])
            case ast.Compare():
                return self._compared(node)
            case ast.Name() | ast.Attribute() | ast.Call() | ast.Constant(value=bool()):
                return self._applied(node, truth, [self._value(node)])
        text = self._value(node).text
        raise Refused(f"where: {text} is neither true nor false: write a comparison, as in flops < 2e9.")

    def _value(self, node: ast.expr) -> Expression:
        """An expression of any kind."""
        match node:
            case ast.Name(id="true" | "false"):
                return self._constant(node, node.id == "true")
            case ast.Constant(value=bool() | int() | float() | str() as constant):
                return self._constant(node, constant)
            case ast.Name() | ast.Attribute():
                return self._quantity(self._dotted(node))
            case ast.BinOp() if type(node.op) in ARITHMETIC:
                sides = [self._value(node.left), self._value(node.right)]
                return self._applied(node, ARITHMETIC[type(node.op)], sides)
            case ast.UnaryOp(op=ast.USub()):
                return self._applied(node, negative, [self._value(node.operand)])
            case ast.Call(func=ast.Name(id=name), keywords=[]):
                return self._called(node, name)
            case ast.BoolOp() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return self._condition(node)
        self._refuse(node)

    def _constant(self, node: ast.expr, constant: bool | float | str) -> Expression:
        return Expression(text=self._segment(node), names=(), value=lambda _: constant)

    def _quantity(self, name: str) -> Expression:
        if name in self.quantities:
            return Expression(text=name, names=(name,), value=operator.itemgetter(name))
        if name in self.functions:
            raise Refused(
                f"where: {name} is a function: write its arguments in parentheses, as in {name}(80)."
            )
        raise Refused(f"where: {name} is not a quantity: {nearest(name, list(self.quantities))}.")

    def _dotted(self, node: ast.expr) -> str:
        match node:
            case ast.Name(id=name):
                return name
            case ast.Attribute(value=value, attr=name):
                return f"{self._dotted(value)}.{name}"
        self._refuse(node)

    def _joined(self, node: ast.BoolOp) -> Expression:
        """`and` or `or`, which stop at the first operand that decides the result."""
        return self._chain(node, [self._condition(part) for part in node.values], isinstance(node.op, ast.Or))

    def _compared(self, node: ast.Compare) -> Expression:
        """One comparison, or a chain of comparisons, which stops at the first that is false."""
        if not all(type(how) in COMPARISONS for how in node.ops):
            self._refuse(node)
        pairs = [
            self._applied(node, COMPARISONS[type(how)], [self._value(left), *self._compared_with(how, right)])
            for left, how, right in zip(
                [node.left, *node.comparators[:-1]], node.ops, node.comparators, strict=True
            )
        ]
        return pairs[0] if len(pairs) == 1 else self._chain(node, pairs, False)

    def _compared_with(self, how: ast.cmpop, node: ast.expr) -> list[Expression]:
        if not isinstance(how, ast.In | ast.NotIn):
            return [self._value(node)]
        if isinstance(node, ast.Tuple | ast.List | ast.Set) and node.elts:
            return [self._value(item) for item in node.elts]
        raise Refused(
            f"where: {self._segment(node)} is not a list: write a list after in, as in [8] or (8, 14)."
        )

    def _called(self, node: ast.Call, name: str) -> Expression:
        if name not in self.functions:
            raise Refused(f"where: {name} is not a function: {nearest(name, list(self.functions))}.")
        function = self.functions[name]
        if len(node.args) not in function.takes:
            right = " to ".join(str(most) for most in sorted({function.takes[0], function.takes[-1]}))
            raise Refused(
                f"where: {self._segment(node)} gives {name} {len(node.args)} arguments, but it takes {right}."
            )
        uses = [self._quantity(use) for use in function.uses]
        return self._applied(node, function.call, [*uses, *(self._value(each) for each in node.args)])

    def _applied(
        self, node: ast.expr, operation: Callable[..., Any], operands: Sequence[Expression]
    ) -> Expression:
        """`operation` applied to the values of the operands."""
        text, names = self._segment(node), _names(operands)
        values = [operand.value for operand in operands]

        def value(seen: Seen) -> Any:
            try:
                return operation(*[value(seen) for value in values])
            except NoValue as wrong:
                raise Refused(f"where: {text} {wrong}{seen.shown(names)}.") from None

        return Expression(text=text, names=names, value=value)

    def _chain(self, node: ast.expr, parts: Sequence[Expression], decisive: bool) -> Expression:
        """`decisive` if one of the parts has that value, else its negation."""
        values = [part.value for part in parts]

        def value(seen: Seen) -> bool:
            for part in values:
                if part(seen) == decisive:
                    return decisive
            return not decisive

        return Expression(text=self._segment(node), names=_names(parts), value=value)

    def _segment(self, node: ast.expr) -> str:
        return ast.get_source_segment(self.text, node) or self.text

    def _refuse(self, node: ast.expr) -> NoReturn:
        raise Refused(
            f"where: {self._segment(node)} is not allowed in a constraint: use quantities, numbers, "
            f"texts, + - * / // % **, comparisons, in, and, or, not, {', '.join(self.functions)}."
        )


def _names(parts: Sequence[Expression]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in parts for name in part.names))
