"""The base of every section, the types of its fields, and a broken rule."""

import math
from numbers import Integral, Real
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

NOTHING = object()
MAX_DEPTH = 8


class Section(BaseModel):
    """A frozen part of the spec: a bool is no number, a number is no string, unknown keys are errors."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, protected_namespaces=()
    )


class Fault(ValueError):
    """A broken rule, `path` below the place whose validator raises it.

    `rule` follows the field's name in the message and may end in a way out after "; "; `value` is what came.
    """

    def __init__(self, rule: str, *path: str | int, value: Any = NOTHING) -> None:
        super().__init__(rule)
        self.rule = rule
        self.path = path
        self.value = value


def sequence(default: Any = ..., **rules: Any) -> Any:
    """A tuple field that also takes a list, as YAML gives one; its members stay strict."""
    return Field(default, strict=False, **rules)


def _plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON has it: tuples and arrays become lists, numbers of other libraries Python's own."""
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return _finite(float(value))
    if hasattr(value, "tolist"):
        return _plain(value.tolist(), depth)
    if depth == MAX_DEPTH:
        raise Fault(f"must not be nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, (list, tuple)):
        return [_plain(member, depth + 1) for member in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(member, depth + 1) for key, member in value.items()}
    raise Fault("must be a number, text, true, false, null, or lists or sections of them", value=value)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise Fault("must be a finite number", value=value)
    return value


Count = Annotated[int, Field(ge=1)]
Whole = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Name = Annotated[str, Field(min_length=1)]
Plain = Annotated[Any, AfterValidator(_plain)]
