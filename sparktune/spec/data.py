"""Where the rows come from, which columns count, how they are split and scaled."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from sparktune.spec.base import Count, Name, Section, sequence

Source = Literal[
    "digits", "mnist", "fashion_mnist", "idx", "npz", "npy", "csv", "parquet", "table", "query", "arrays"
]
NEEDS_PATH = ("idx", "npz", "npy", "csv", "parquet")
TABULAR = ("csv", "parquet", "table", "query")


class SplitSpec(Section):
    """The rows of one split: exactly one of `fraction`, `last`, `column` or `source`."""

    fraction: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="share of the rows, drawn with the study's seed, stratified for classes"
    )
    last: Count | None = Field(None, description="the last N rows")
    column: Name | None = Field(None, description="column that names each row's split")
    value: str | int | bool | None = Field(None, description="what `column` holds in rows of this split")
    source: Source | None = Field(None, description="a source of its own")
    path: Name | None = Field(None, description="path of that source")
    labels: Name | None = Field(None, description="label file of that source, for npy")
    table: Name | None = Field(None, description="Spark table of that source")
    query: Name | None = Field(None, description="SQL query of that source")

    @model_validator(mode="after")
    def _one_way(self) -> "SplitSpec":
        given = [n for n in ("fraction", "last", "column", "source") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of fraction, last, column or source must be given, but got {given}")
        return self


class DataSpec(Section):
    """The training data. Relative paths start at the working directory."""

    source: Source = Field("arrays", description="kind of source; `arrays` are handed over in Python")
    path: Name | None = Field(None, description="file or folder")
    labels: Name | None = Field(None, description="label file, for npy")
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
        need = "path" if self.source in NEEDS_PATH else self.source if self.source in ("table", "query") else None
        if need and getattr(self, need) is None:
            raise ValueError(f"source {self.source} needs {need}, but got none; add {need}: ... to data")
        if self.source in TABULAR and self.label is None:
            raise ValueError(f"source {self.source} needs label, but got none; add label: COLUMN to data")
        if self.source == "npy" and self.labels is None:
            raise ValueError("source npy needs labels, but got none; add labels: PATH_OF_Y.npy to data")
        return self
