"""Where the rows come from, which columns count, how they are split and scaled."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from sparktune.spec.base import Count, Fault, Name, Place, Section, sequence

Source = Literal[
    "digits", "mnist", "fashion_mnist", "idx", "npz", "npy", "csv", "parquet", "table", "query", "arrays"
]
NEEDS: dict[Source, tuple[str, ...]] = {
    "digits": (),
    "mnist": (),
    "fashion_mnist": (),
    "arrays": (),
    "idx": ("path",),
    "npz": ("path",),
    "npy": ("path", "labels"),
    "csv": ("path", "label"),
    "parquet": ("path", "label"),
    "table": ("table", "label"),
    "query": ("query", "label"),
}


class SplitSpec(Section):
    """The rows of one split: exactly one of `fraction`, `last`, `column` or `source`."""

    fraction: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="share of the rows, drawn with the study's seed, stratified for classes"
    )
    last: Count | None = Field(None, description="the last N rows")
    column: Name | None = Field(None, description="column that names each row's split")
    value: str | int | bool | None = Field(None, description="what `column` holds in rows of this split")
    source: Source | None = Field(None, description="a source of its own")
    path: Place | None = Field(None, description="path of that source")
    labels: Place | None = Field(None, description="label file of that source, for npy")
    table: Name | None = Field(None, description="Spark table of that source")
    query: Name | None = Field(None, description="SQL query of that source")

    @model_validator(mode="after")
    def _one_way(self) -> "SplitSpec":
        given = [n for n in ("fraction", "last", "column", "source") if getattr(self, n) is not None]
        if len(given) != 1:
            raise Fault(
                "must have exactly one of fraction, last, column or source, "
                f"but got {' and '.join(given) or 'none'}"
            )
        if self.source:
            _check_needs(self, self.source, without=("label",))
        return self


class DataSpec(Section):
    """The training data. Relative paths start at the working directory."""

    source: Source = Field("arrays", description="kind of source; `arrays` are handed over in Python")
    path: Place | None = Field(None, description="file or folder")
    labels: Place | None = Field(None, description="label file, for npy")
    table: Name | None = Field(None, description="Spark table")
    query: Name | None = Field(None, description="Spark SQL query")
    features: tuple[Name, ...] | None = sequence(
        None, min_length=1, description="feature columns; every column without another role when not given"
    )
    label: Name | None = Field(None, description="label column, or the npz key of the labels")
    weight: Name | None = Field(None, description="column of row weights")
    task: Literal["auto", "classes", "binary", "regression"] = Field(
        "auto", description="what the label is; read off its type and values by default"
    )
    scale: Annotated[float, Field(gt=0)] | Literal["minmax", "standardize", "none"] = Field(
        "none", description="a constant that divides, or what is learned on the training split"
    )
    validation: SplitSpec = Field(
        SplitSpec(fraction=0.2), description="rows that the objective is measured on"
    )
    test: SplitSpec | None = Field(None, description="rows that only the best model is scored on, once")

    @field_validator("scale", mode="before")
    @classmethod
    def _no_scale(cls, given: object) -> object:
        return "none" if given is None else given

    @model_validator(mode="after")
    def _complete(self) -> "DataSpec":
        _check_needs(self, self.source)
        return self


def _check_needs(section: Section, source: Source, without: tuple[str, ...] = ()) -> None:
    for need in NEEDS[source]:
        if need not in without and getattr(section, need) is None:
            raise Fault(f"is required for source {source}, but got nothing; add {need}: ...", need)
