"""A constraint between parameters: an expression of Python's syntax, evaluated without running any code."""

import ast
import operator
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, final

from sparktune.spec.base import Fault

COMPARISONS: dict[type, Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
}
ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
OPERATORS = (*COMPARISONS, *ARITHMETIC, ast.And, ast.Or, ast.Not, ast.USub, ast.UAdd, ast.Load)
FUNCTIONS: dict[str, Callable[..., Any]] = {"abs": abs, "len": len, "max": max, "min": min, "sum": sum}
ALLOWED = "comparisons, and, or, not, in, + - * / // %, numbers, text, lists and " + ", ".join(FUNCTIONS)
MAX_LENGTH = 300  # each nested operator costs two calls


@final
class Constraint:
    """What a configuration must meet: `batch_size * learning_rate <= 1`, say.

    Args:
        text: at most 300 characters; names are those of parameters.

    Raises:
        Fault: it is no expression, or uses more than comparisons, arithmetic and a few functions.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise Fault(f"must have at most {MAX_LENGTH:,} characters", value=text)
        try:
            self._tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            rule = f"must be an expression such as 'units_2 <= units_1' ({error})"
            raise Fault(rule, value=text) from None
        self.names: set[str] = set()
        self._text = text
        self._check(self._tree)

    def met(self, params: Mapping[str, Any]) -> bool:
        """Whether parameters meet it; so do those without one of its names, as that is not searched there.

        Raises:
            TypeError, ValueError, ArithmeticError: values cannot be computed with in this way.
        """
        return not self.names <= params.keys() or bool(_evaluate(self._tree, params))

    def _check(self, node: ast.AST) -> None:
        """Refuse whatever is not in the list of what is allowed, and collect the names."""
        match node:
            case ast.Call(func=ast.Name(id=name), keywords=[]) if name in FUNCTIONS:
                parts: list[Any] = [*node.args]
            case ast.Name():
                self.names.add(node.id)
                parts = []
            case ast.Constant(value=bool() | int() | float() | str()):
                parts = []
            case ast.BoolOp() | ast.Compare() | ast.BinOp() | ast.UnaryOp() | ast.List() | ast.Tuple():
                parts = [*ast.iter_child_nodes(node)]
            case _ if isinstance(node, OPERATORS):
                parts = []
            case _:
                found = ast.get_source_segment(self._text, node) if isinstance(node, ast.expr) else None
                raise Fault(f"may hold {ALLOWED}, but has {found or type(node).__name__}", value=self._text)
        for part in parts:
            self._check(part)


@cache
def constraint_of(text: str) -> Constraint:
    """The constraint with this text, parsed once."""
    return Constraint(text)


def _evaluate(node: ast.AST, params: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return params[node.id]
        case ast.List() | ast.Tuple():
            return [_evaluate(member, params) for member in node.elts]
        case ast.Call(func=ast.Name(id=name)):
            return FUNCTIONS[name](*(_evaluate(argument, params) for argument in node.args))
        case _:
            return _computed(node, params)


def _computed(node: ast.AST, params: Mapping[str, Any]) -> Any:
    """The value of an operator."""
    match node:
        case ast.BoolOp(op=ast.And()):
            return all(_evaluate(value, params) for value in node.values)
        case ast.BoolOp():
            return any(_evaluate(value, params) for value in node.values)
        case ast.UnaryOp(op=ast.Not()):
            return not _evaluate(node.operand, params)
        case ast.UnaryOp():
            value = _number(_evaluate(node.operand, params))
            return -value if isinstance(node.op, ast.USub) else value
        case ast.BinOp():
            left, right = (_number(_evaluate(side, params)) for side in (node.left, node.right))
            return ARITHMETIC[type(node.op)](left, right)
        case ast.Compare():
            values = [_evaluate(value, params) for value in (node.left, *node.comparators)]
            return all(
                COMPARISONS[type(op)](one, other)
                for op, one, other in zip(node.ops, values, values[1:], strict=False)
            )
    raise TypeError(f"{type(node).__name__} has no value")


def _number(value: Any) -> Any:
    """A value that one computes with: text that is multiplied could fill the memory.

    Raises:
        TypeError: it is no number.
    """
    if not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is no number")
    return value
