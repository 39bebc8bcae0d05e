"""The domain of one name of a space: listed values, or a range of numbers."""

import json
import math
from typing import Annotated, Any, final

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from sparktune.spec.base import MAX_INT, Fault, Plain, Section, sequence

NO_DOMAIN = (
    "must be a list of values, {low, high} or {values: [...]}; a fixed value belongs into model or training"
)
Number = Annotated[int, Field(ge=-MAX_INT, le=MAX_INT)] | float


def unpacked(given: Any) -> Any:
    """An array of another library as a list of Python's own values; anything else as it is."""
    return given.tolist() if hasattr(given, "tolist") else given


def is_empty(given: Any) -> bool:
    """What is not set is not written, so that studies of earlier versions keep their identity."""
    return not given


@final
class Choice(Section):
    """A domain of listed values: numbers, words, bools or lists of them; no value twice."""

    values: Annotated[tuple[Plain, ...], BeforeValidator(unpacked)] = sequence(
        min_length=1, description="the values; a plain list is short for it"
    )
    when: dict[str, Plain] = Field(
        default_factory=dict,
        exclude_if=is_empty,
        description="names of the space, each with the value, the values or the bounds {low, high} at which "
        "this one is searched",
    )

    @model_validator(mode="after")
    def _distinct(self) -> "Choice":
        seen: dict[str, int] = {}
        for index, value in enumerate(self.values):
            whole = isinstance(value, float) and value.is_integer()  # 1.0 is the same as 1, but true is not
            key = json.dumps(int(value) if whole else value, sort_keys=True)
            if key in seen:
                raise Fault(
                    f"must hold no value twice, but got {value!r} at [{seen[key]}] and [{index}]; remove one"
                )
            seen[key] = index
        return self

    @property
    def points(self) -> int:
        """Number of values."""
        return len(self.values)

    @property
    def ends(self) -> tuple[Any, Any]:
        """The first and the last value."""
        return self.values[0], self.values[-1]

    @property
    def is_ordered(self) -> bool:
        """Whether the values are numbers, two or more, that rise or fall."""
        if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in self.values):
            return False
        rising = sorted(self.values)
        return len(rising) > 1 and list(self.values) in (rising, rising[::-1])

    def value(self, index: int) -> Any:
        """The value at `index`, 0 <= index < points."""
        return self.values[index]

    def holds(self, value: Any) -> bool:
        """Whether this is one of the values."""
        return any(is_same(value, known) for known in self.values)

    def own(self, value: Any) -> Any:
        """A value that it holds as it is listed here: 8 for 8.0."""
        return next(known for known in self.values if is_same(value, known))


@final
class Range(Section):
    """A domain of numbers from `low` to `high`, both included: whole where both are, floats otherwise."""

    low: Number = Field(description="smallest value")
    high: Number = Field(description="largest value")
    log: bool = Field(False, description="uniform in the logarithm")
    step: Number | None = Field(None, description="distance between values; 1 for ints without log")
    when: dict[str, Plain] = Field(
        default_factory=dict,
        exclude_if=is_empty,
        description="names of the space, each with the value, the values or the bounds {low, high} at which "
        "this one is searched",
    )

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if self.low >= self.high:
            raise Fault(f"must be < high {self.high}", "low", value=self.low)
        if self.log and self.low <= 0:
            raise Fault("must be > 0 where log is true", "low", value=self.low)
        return self

    @model_validator(mode="after")
    def _stepped(self) -> "Range":
        step = self.step
        if step is None:
            return self
        if self.log:
            raise Fault("must not be given where log is true", "step", value=step)
        if step <= 0:
            raise Fault("must be > 0", "step", value=step)
        if self.is_int and isinstance(step, float):
            raise Fault("must be a whole number where low and high are", "step", value=step)
        if not (self.high - self.low) / step < MAX_INT:
            raise Fault("must leave fewer than 2^53 values", "step", value=step)
        return self

    @property
    def is_int(self) -> bool:
        """Whether the values are ints."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def points(self) -> int | None:
        """Number of values; None where they are continuous."""
        if self.is_int and not self.log:
            return int((self.high - self.low) // (self.step or 1)) + 1
        if self.step is None:
            return None
        return math.floor((self.high - self.low) / self.step + 1e-9) + 1

    @property
    def ends(self) -> tuple[int | float, int | float]:
        """The smallest and the largest value."""
        return self.low, self.value(self.points - 1) if self.points else self.high

    def holds(self, value: Any) -> bool:
        """Whether this is one of the values."""
        kinds = int if self.is_int else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not self.low <= value <= self.high:
            return False
        if self.points is None:
            return True
        place = min(round((value - self.low) / (self.step or 1)), self.points - 1)
        return bool(self.value(place) == value)

    def own(self, value: int | float) -> int | float:
        """A value that it holds as a trial has it: 1.0 for 1 where the values are floats."""
        return value if self.is_int else float(value)

    def value(self, index: int) -> int | float:
        """The value at `index`, 0 <= index < points."""
        if self.is_int:
            return self.low + index * (self.step or 1)
        return min(float(f"{self.low + index * (self.step or 1):.12g}"), float(self.high))


def _list_as_choice(given: Any) -> Any:
    """A plain list of values as the section {values: [...]}."""
    given = unpacked(given)
    return {"values": given} if isinstance(given, (list, tuple)) else given


def _kind(given: Any) -> str | None:
    if isinstance(given, (Choice, Range)):
        return type(given).__name__.lower()
    if not isinstance(given, dict):
        return None
    return "choice" if "values" in given else "range"


Domain = Annotated[
    Annotated[Choice, Tag("choice")] | Annotated[Range, Tag("range")],
    Discriminator(_kind, custom_error_type="domain", custom_error_message=NO_DOMAIN),
    BeforeValidator(_list_as_choice),
]


def is_same(one: Any, other: Any) -> bool:
    """Equal as JSON has it: true is not 1."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)
