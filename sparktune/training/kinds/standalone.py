"""A function of a notebook or a script as Python source that stands alone.

The source is sent, not a pickle: it can be read, compared and kept, and does not depend on Python's version.
"""

import ast
import builtins
import functools
import inspect
import linecache
import math
import symtable
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import PurePath
from types import FunctionType, ModuleType
from typing import Any, final

from sparktune.errors import ModelError

MAX_SOURCE = 200_000  # characters; the source is part of the study's spec
MAX_ARRAY = 1_000  # values of a NumPy array that are written out
HEADER = "from __future__ import annotations\n"


def reference_of(function: Any) -> str | None:
    """`package.module:name` of what can be imported; None for what a notebook or script defines."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if module == "__main__" or module not in sys.modules or not name.isidentifier():
        return None
    return f"{module}:{name}" if getattr(sys.modules[module], name, None) is function else None


def standalone_source(function: Callable[..., Any], field: str) -> str:
    """A module's source that defines `function` under its own name, with all that it uses.

    What it uses are modules and what can be imported from them (as imports), functions and classes that are
    defined beside it (as source), and numbers, text, paths, `functools.partial` objects and lists, dicts or
    sets of these, from its module or from a function around it (as values that they have now).

    Raises:
        ModelError: it is no function with a `def`, its source is not known, or it uses something else;
        `field` names it in the message.
    """
    if not isinstance(function, FunctionType) or function.__name__ == "<lambda>":
        raise ModelError(
            f"{field} must be a function that is defined with def, or a text package.module:function, but "
            f"got {function!r}"
        )
    module = _StandaloneModule(field)
    module.bind(function.__name__, function)
    source = module.text()
    if len(source) > MAX_SOURCE:
        raise ModelError(
            f"{field} must have at most {MAX_SOURCE:,} characters with all that it uses, but "
            f"{function.__name__!r} has {len(source):,}; load large values from a file inside the function"
        )
    return source


@final
class _StandaloneModule:
    """Grows by what a function uses, each thing before whatever uses it."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._bound: dict[str, Any] = {}
        self._imports: list[str] = []
        self._definitions: list[str] = []

    def text(self) -> str:
        """The module's source."""
        return "\n\n".join([HEADER + "\n".join(self._imports), *self._definitions]).strip() + "\n"

    def bind(self, name: str, value: Any) -> None:
        """Make `name` mean `value` in the module."""
        if name in self._bound:
            if self._bound[name] is not value:
                raise self._refused(f"uses {name!r} for two different things; rename one of them")
            return
        self._bound[name] = value
        if isinstance(value, ModuleType):
            module = value.__name__
            self._imports.append(f"import {module}" + (f" as {name}" if name != module else ""))
        elif reference := reference_of(value):
            module, _, known = reference.partition(":")
            self._imports.append(f"from {module} import {known}" + (f" as {name}" if name != known else ""))
        elif isinstance(value, (FunctionType, type)):
            self._define(name, value)
        else:
            self._definitions.append(f"{name} = {self._expression(value, name)}\n")

    def _define(self, name: str, value: Any) -> None:
        """Add the source of a function or class, after what it uses."""
        source = _source_of(value)
        if source is None:
            raise self._refused(
                f"uses {name!r}, whose source is not known; define it with def or class in a notebook's cell "
                "or in a file"
            )
        known = _names_around(value)
        for used in _global_names(source):
            if used in known and used != value.__name__:
                self.bind(used, known[used])
        self._definitions.append(source)
        if name != value.__name__:
            self._definitions.append(f"{name} = {value.__name__}\n")

    def _expression(self, value: Any, name: str) -> str:
        """Python that gives an equal value."""
        if value is None or type(value) in (bool, int, str, bytes):
            return repr(value)
        if type(value) is float:
            return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
        if type(value) in (list, tuple, set, frozenset):
            members = [self._expression(member, name) for member in value]
            if isinstance(value, (set, frozenset)):
                members.sort()  # the source is a part of the study's identity
            return f"{type(value).__name__}([{', '.join(members)}])"
        if type(value) is dict:
            pairs = ((self._expression(k, name), self._expression(v, name)) for k, v in value.items())
            return "{" + ", ".join(f"{k}: {v}" for k, v in pairs) + "}"
        if isinstance(value, PurePath):
            return f"{self._imported('pathlib')}.Path({str(value)!r})"
        if type(value) is functools.partial:
            parts = [self._expression(part, name) for part in (value.func, *value.args)]
            parts += [f"{key}={self._expression(part, name)}" for key, part in value.keywords.items()]
            return f"{self._imported('functools')}.partial({', '.join(parts)})"
        return self._named_expression(value, name)

    def _named_expression(self, value: Any, name: str) -> str:
        """Python that gives a module, a function, a class, or a number or small array of NumPy."""
        if isinstance(value, (ModuleType, FunctionType, type)) or reference_of(value):
            beside = not isinstance(value, ModuleType) and reference_of(value) is None
            inner = value.__name__ if beside else f"_{value.__name__.replace('.', '_')}"
            self.bind(inner, value)
            return inner
        if type(value).__module__ == "numpy" and getattr(value, "size", math.inf) <= MAX_ARRAY:
            numbers = self._expression(value.tolist(), name)
            return f"{self._imported('numpy')}.array({numbers}, {str(value.dtype)!r})[()]"
        raise self._refused(
            f"uses {name!r}, which holds a {type(value).__module__}.{type(value).__qualname__}; make it "
            "inside the function, or load it there from a file (modules, functions, classes, numbers, text, "
            "paths, and lists or dicts of them can be sent)"
        )

    def _imported(self, module: str) -> str:
        self.bind(f"_{module}", sys.modules[module])
        return f"_{module}"

    def _refused(self, why: str) -> ModelError:
        function = next(iter(self._bound), "")
        return ModelError(f"{self._field} must stand alone to be sent to the trials, but {function!r} {why}")


def _source_of(value: Any) -> str | None:
    """The `def` or `class` statement that made a function or class; None where it is not known."""
    try:
        source = _class_source(value) if isinstance(value, type) else inspect.getsource(value)
    except (OSError, TypeError):
        return None
    text = textwrap.dedent(source) if source else ""
    try:
        (statement,) = ast.parse(text).body
    except (SyntaxError, ValueError):
        return None
    defines = isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    return text if defines and getattr(statement, "name", "") == value.__name__ else None


def _class_source(value: type) -> str | None:
    """The statement around a method of the class: `inspect` does not find classes of notebooks."""
    for method in _functions_of(value):
        lines = linecache.getlines(method.__code__.co_filename)
        for node in ast.walk(ast.parse("".join(lines))):
            if isinstance(node, ast.ClassDef) and node.name == value.__name__:
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                last = node.end_lineno or node.lineno
                if first <= method.__code__.co_firstlineno <= last:
                    return "".join(lines[first - 1 : last])
    return None


def _functions_of(value: type) -> Iterator[FunctionType]:
    """The functions in a class statement, those of properties and class methods too."""
    for member in vars(value).values():
        function = inspect.unwrap(
            getattr(member, "__func__", None) or getattr(member, "fget", None) or member
        )
        if isinstance(function, FunctionType):
            yield function


def _names_around(value: Any) -> dict[str, Any]:
    """What the names mean that a function or class does not define itself."""
    functions = list(_functions_of(value)) if isinstance(value, type) else [inspect.unwrap(value)]
    known: dict[str, Any] = {}
    if isinstance(value, type):
        known.update(vars(sys.modules.get(value.__module__, builtins)))
    for function in functions:
        known.update(function.__globals__)
    for function in functions:
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            if name != "__class__":
                known[name] = cell.cell_contents
    return known


def _global_names(source: str) -> list[str]:
    """Names that a statement reads and does not define, without those of annotations, in one order always."""
    tree = _WithoutAnnotations().visit(ast.parse(source))
    names: set[str] = set()

    def visit(table: symtable.SymbolTable) -> None:
        at_top = table.get_type() == "module"
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (symbol.is_global() or at_top):
                names.add(symbol.get_name())
        for child in table.get_children():
            visit(child)

    visit(symtable.symtable(ast.unparse(tree), "source", "exec"))
    return sorted(names)


@final
class _WithoutAnnotations(ast.NodeTransformer):
    """Removes annotations, which the source's module does not evaluate either."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)
