"""The base of every section: frozen, strict, unknown keys refused."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A frozen part of the spec. A bool is not a number, a number is not a string, unknown keys are errors."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, protected_namespaces=()
    )


def sequence(default: Any = ..., **rules: Any) -> Any:
    """A tuple field that also takes a list, as YAML gives one; its members stay strict."""
    return Field(default, strict=False, **rules)


Count = Annotated[int, Field(ge=1)]
Whole = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Name = Annotated[str, Field(min_length=1)]
