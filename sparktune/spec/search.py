"""What is searched: a space of named domains, a sampler and the number of trials."""

import json
import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from sparktune.spec.base import Count, Section, sequence


class Choice(Section):
    """A domain of listed values: numbers, words, bools or lists of them; no value twice."""

    values: tuple[Any, ...] = sequence(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> "Choice":
        seen: dict[str, int] = {}
        for index, value in enumerate(self.values):
            key = _identity(value)
            if key in seen:
                raise ValueError(
                    f"values must be distinct, but got {value!r} at [{seen[key]}] and [{index}]; remove one"
                )
            seen[key] = index
        return self

    @property
    def points(self) -> int:
        """Number of values."""
        return len(self.values)

    def value(self, index: int) -> Any:
        """The value at `index`, 0 <= index < points."""
        return self.values[index]


class Range(Section):
    """A domain of numbers from `low` to `high`, both included: ints when both are ints, floats otherwise."""

    low: int | float
    high: int | float
    log: bool = Field(False, description="uniform in the logarithm")
    step: int | float | None = Field(None, description="distance of neighbours; 1 for ints without log")

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if self.low >= self.high:
            raise ValueError(f"low must be < high, but got low {self.low} and high {self.high}")
        if self.step is not None and self.step <= 0:
            raise ValueError(f"step must be > 0, but got {self.step}")
        if self.log and self.low <= 0:
            raise ValueError(f"low must be > 0 where log is true, but got {self.low}")
        if self.log and self.step is not None:
            raise ValueError(f"step must not be given where log is true, but got {self.step}")
        if self.is_int and isinstance(self.step, float):
            raise ValueError(f"step must be an int where low and high are, but got {self.step}")
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

    def value(self, index: int) -> int | float:
        """The value at `index`, 0 <= index < points."""
        if self.is_int:
            return self.low + index * (self.step or 1)
        return min(float(f"{self.low + index * (self.step or 1):.12g}"), float(self.high))


def _identity(value: Any) -> str:
    """Equal for values that mean the same configuration: 1 and 1.0, but not 1 and true."""
    number = isinstance(value, float) and value.is_integer()
    return json.dumps(int(value) if number else value, sort_keys=True, default=repr)


def _listed(given: Any) -> Any:
    return {"values": given} if isinstance(given, (list, tuple)) else given


def _kind(given: Any) -> str:
    if isinstance(given, (Choice, Range)):
        return type(given).__name__.lower()
    if not isinstance(given, dict):
        raise PydanticCustomError(
            "domain",
            "must be a list of values, {low, high} or {values: [...]}; a fixed value belongs into model or training",
        )
    return "choice" if "values" in given else "range"


Domain = Annotated[
    Annotated[Choice, Tag("choice")] | Annotated[Range, Tag("range")],
    Discriminator(_kind),
    BeforeValidator(_listed),
]


class SearchSpec(Section):
    """The space is never materialised: a grid of 10^9 points costs nothing until its points are asked for."""

    sampler: Literal["grid", "random"] = Field("grid", description="what proposes configurations")
    trials: Count | None = Field(None, description="number of trials; the whole grid by default")
    space: dict[str, Domain] = Field(min_length=1, description="name of a model or training field: its domain")

    @model_validator(mode="after")
    def _finite(self) -> "SearchSpec":
        if self.sampler == "random" and self.trials is None:
            raise ValueError("trials must be given for sampler random, but got none; add trials: 20")
        endless = [name for name, domain in self.space.items() if domain.points is None]
        if self.sampler == "grid" and endless:
            raise ValueError(
                f"sampler grid needs a step or a list of values, but got a continuous range for {endless}; "
                "add step: ..., list values, or use sampler: random"
            )
        return self
