"""The base of every section, the types of its fields, and a broken rule."""

import math
import os
from collections.abc import Iterable, Mapping
from itertools import pairwise
from numbers import Integral, Real
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from sparktune.spec.size import check_size

NOTHING = object()
MAX_DEPTH = 8
MAX_INT = 2**53  # up to here floats, and so other readers of JSON, hold every whole number exactly
MAX_UNITS = 1_000_000
MAX_LAYERS = 200  # Keras builds and saves models layer by layer, recursively: 1,000 are too deep for Python
MAX_WEIGHTS = 10**10  # 40 GB
MAX_BITS = 1000  # a float can still be as large
MAX_PATH = 3500  # bytes; Linux takes 4,096, and some of these folders get files with longer paths
MAX_FOLDERS = 100
MAX_PATH_PART = 255  # bytes between two slashes, as most file systems take


class Frozen(BaseModel):
    """A frozen value: a bool is no number, a number is no string, unknown keys are errors."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, protected_namespaces=()
    )


class Section(Frozen):
    """A part of the spec, which users write: it is bounded in size."""

    @classmethod
    def variants(cls) -> "tuple[type[Section], ...]":
        """The section types that a field of this type accepts: this type alone by default."""
        return (cls,)

    def with_params(self, params: Mapping[str, Any]) -> Self:
        """A copy of the section with these fields of a trial.

        Raises:
            pydantic.ValidationError: a parameter breaks the rule of its field.
        """
        return type(self).model_validate({**dict(self), **params}) if params else self

    @model_validator(mode="before")
    @classmethod
    def _bounded(cls, given: Any) -> Any:
        check_size(given, cls.__name__)
        return given


class Fault(ValueError):
    """A broken rule; `path` leads to its field from the section whose validator raises it.

    `rule` follows the field's name in the message and may end in a way out after "; "; `value` is the value
    received.
    """

    def __init__(self, rule: str, *path: str | int, value: Any = NOTHING) -> None:
        super().__init__(rule)
        self.rule = rule
        self.path = path
        self.value = value


def sequence(default: Any = ..., **rules: Any) -> Any:
    """A tuple field that also takes a list, as YAML gives one; its members stay strict."""
    return Field(default, strict=False, **rules)


def plain_value(value: Any, depth: int = 0) -> Any:
    """The value as JSON has it: tuples and arrays become lists, numbers of other libraries Python's own."""
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, Real):
        return _number(value)
    if hasattr(value, "tolist"):
        return plain_value(value.tolist(), depth)
    if depth == MAX_DEPTH:
        raise Fault(f"must not be nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, (list, tuple)):
        return [plain_value(member, depth + 1) for member in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: plain_value(member, depth + 1) for key, member in value.items()}
    raise Fault("must be a number, text, true, false, null, or lists or sections of them", value=value)


def _number(value: Real) -> int | float:
    """A number of any library as Python's own; finite, and no larger than a float can be."""
    if isinstance(value, Integral):
        if int(value).bit_length() > MAX_BITS:
            raise Fault(f"must be a whole number of at most {MAX_BITS} bits", value=value)
        return int(value)
    if not math.isfinite(value):
        raise Fault("must be a finite number", value=value)
    return float(value)


def dense_weights(widths: Iterable[int]) -> int:
    """Weights between layers of these widths, each fully connected to the next."""
    return sum(width * following for width, following in pairwise(widths))


def check_weights(count: int, field: str, value: Any) -> None:
    """Refuse a model that no machine could hold.

    Raises:
        Fault: it has more than `MAX_WEIGHTS` weights; `field` and its `value` are to blame.
    """
    if count > MAX_WEIGHTS:
        raise Fault(
            f"must make at most {MAX_WEIGHTS:,} weights (this makes {count:,}); choose a smaller model",
            field,
            value=value,
        )


def _text(value: str) -> str:
    if "\0" in value:
        raise Fault("must not hold a NUL character", value=value)
    return value


def _one_line(value: str) -> str:
    if any(letter < " " or letter == "\x7f" for letter in value):
        raise Fault("must not hold control characters such as line ends", value=value)
    return value


def place(value: str) -> str:
    """A path that a file system takes, or a URI, as it was given.

    Raises:
        Fault: it holds control characters, or is longer or deeper than a path can be.
    """
    encoded = _one_line(value).encode(errors="surrogateescape")
    if len(encoded) > MAX_PATH:
        raise Fault(f"must have at most {MAX_PATH:,} bytes; name another place", value=value)
    if encoded.count(b"/") > MAX_FOLDERS:
        raise Fault(f"must name at most {MAX_FOLDERS} folders; name another place", value=value)
    if max(map(len, encoded.split(b"/"))) > MAX_PATH_PART:
        raise Fault(
            f"must have at most {MAX_PATH_PART} bytes between slashes; name another place", value=value
        )
    return value


Count = Annotated[int, Field(ge=1, le=MAX_INT)]
Whole = Annotated[int, Field(ge=0, le=MAX_INT)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Name = Annotated[str, Field(min_length=1), AfterValidator(_text)]
Units = Annotated[int, Field(ge=1, le=MAX_UNITS)]
Line = Annotated[Name, AfterValidator(_one_line)]
Place = Annotated[Name, AfterValidator(place)]
Folder = Annotated[Place, AfterValidator(os.path.expanduser)]  # `~` is the user's own, as for a shell
Plain = Annotated[Any, AfterValidator(plain_value)]
