"""The section `data`: the source of the rows, the roles of the columns, the splits and the scaling."""

from collections import Counter
from typing import Annotated, Literal, NamedTuple, final

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from sparktune.errors import InputError
from sparktune.spec.base import MAX_INT, Fault, Name, Place, Plain, Section, sequence
from sparktune.spec.columns import ColumnSpec, IgnoredColumn
from sparktune.spec.extensions import BUILTIN_SOURCES, CHECKED, SOURCES
from sparktune.spec.messages import one_of


class Fields(NamedTuple):
    """The fields of its section that a source reads: those it must have, and those it may have."""

    needs: tuple[str, ...]
    uses: tuple[str, ...]


READ = ("path", "labels", "table", "query", "options", "size", "channels")
MAX_SIDE = 4096  # pixels of an image


def fields_of(source: str) -> Fields:
    """The fields that a source reads; a source of another package is imported to find out.

    Raises:
        Fault: the package cannot be imported, or holds no source.
    """
    try:
        found = BUILTIN_SOURCES.get(source) or SOURCES.load(source)
        return Fields(tuple(found.needs), tuple(found.uses))
    except (InputError, AttributeError, TypeError) as error:
        raise Fault(f"must name a data source, but {source!r} is none: {error}", "source") from None


def _known(source: str, info: ValidationInfo) -> str:
    if info.context != CHECKED and source not in SOURCES:
        raise Fault(one_of(SOURCES.names, source), value=source)
    return source


Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Source = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"examples": list(BUILTIN_SOURCES)})]


@final
class SplitSpec(Section):
    """The rows of one split: exactly one of `fraction`, `last`, `column` or `source`."""

    fraction: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="share of the rows, drawn with the study's seed, stratified for classes"
    )
    last: int | float | None = Field(
        None, description="the last N rows, or the last share of the rows where it is below 1"
    )
    column: Name | None = Field(None, description="column that names each row's split")
    value: str | int | bool | None = Field(None, description="what `column` holds in rows of this split")
    source: Source | None = Field(None, description="a source of its own")
    path: Place | None = Field(None, description="path of that source")
    labels: Place | None = Field(None, description="label file of that source, for npy")
    table: Name | None = Field(None, description="Spark table of that source")
    query: Name | None = Field(None, description="SQL query of that source")
    options: dict[str, Plain] = Field(default_factory=dict, description="further options of that source")

    @field_validator("last")
    @classmethod
    def _count_or_share(cls, last: int | float | None) -> int | float | None:
        if last is not None and not (1 <= last <= MAX_INT if isinstance(last, int) else 0 < last < 1):
            raise Fault(
                "must be a number of rows (1 or more), or a share of all rows between 0 and 1", value=last
            )
        return last

    @model_validator(mode="after")
    def _one_way(self, info: ValidationInfo) -> "SplitSpec":
        given = [n for n in ("fraction", "last", "column", "source") if getattr(self, n) is not None]
        if len(given) != 1:
            raise Fault(
                "must have exactly one of fraction, last, column or source, "
                f"but got {' and '.join(given) or 'none'}"
            )
        if self.source and info.context != CHECKED:
            _check_needs(self, self.source, without=("label",))
        return self


@final
class DataSpec(Section):
    """The training data. Relative paths start at the working directory."""

    source: Source = Field("arrays", description="kind of source; `arrays` are handed over in Python")
    path: Place | None = Field(
        None,
        description="file or folder; for parquet, csv and arrow also a glob or a URI (s3://bucket/rows); of "
        "images: one that holds a folder for each class",
    )
    labels: Place | None = Field(None, description="label file, for npy")
    table: Name | None = Field(None, description="Spark table")
    query: Name | None = Field(None, description="Spark SQL query")
    options: dict[str, Plain] = Field(
        default_factory=dict, description="options of a source that another package adds"
    )
    size: tuple[Side, Side] | None = sequence(
        None,
        description="height and width that images are resized to, those of the splits too; when not given, "
        "all must have the size of the first",
    )
    channels: Literal[1, 3] | None = Field(
        None,
        description="1: grey images, 3: colours; when not given, all must be what the first is",
    )
    features: tuple[Name, ...] | None = sequence(
        None, min_length=1, description="feature columns; every column without another role when not given"
    )
    columns: dict[Name, ColumnSpec] = Field(
        default_factory=dict,
        description="how columns are encoded, by name: `ignore`, a kind, or a section of a kind and its "
        "options; all others by their type",
    )
    label: Name | None = Field(None, description="label column, or the npz key of the labels")
    weight: Name | None = Field(None, description="column of row weights")
    task: Literal["auto", "classes", "binary", "labels", "regression"] = Field(
        "auto", description="what the label is; read off its type and values by default"
    )
    class_names: tuple[Name, ...] | None = sequence(
        None,
        description="names of the labels 0, 1, 2 and so on, in this order; predictions and charts show them",
    )
    scale: Annotated[float, Field(gt=0)] | Literal["auto", "minmax", "standardize", "none"] = Field(
        "auto",
        description="a constant that divides, or what is learned on the training split; auto: standardize "
        "where columns are encoded, else none",
    )
    scale_label: bool = Field(
        False,
        description="train on standardized numbers to predict; the model gives them in their own units",
    )
    validation: Annotated[
        Annotated[SplitSpec, Tag("split")] | Annotated[Literal["none"], Tag("none")],
        Discriminator(lambda given: "none" if given == "none" else "split"),
    ] = Field(
        SplitSpec(fraction=0.2),
        description="rows that the objective is measured on; none: train on all rows, the objective is then "
        "a metric of training",
    )
    test: SplitSpec | None = Field(None, description="rows that only the best model is scored on, once")

    @field_validator("scale", mode="before")
    @classmethod
    def _no_scale(cls, given: object) -> object:
        return "none" if given is None else given

    @field_validator("class_names")
    @classmethod
    def _distinct(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if names is not None and len(names) < 2:
            raise Fault("must hold two names or more", value=list(names))
        twice = [name for name, count in Counter(names or ()).items() if count > 1]
        if twice:
            raise Fault("must hold no name twice", value=twice[0])
        return names

    @model_validator(mode="after")
    def _named_task(self) -> "DataSpec":
        if self.class_names and self.task == "regression":
            raise Fault("must not be given for task regression, which has no classes", "class_names")
        return self

    @model_validator(mode="after")
    def _features_are_read(self) -> "DataSpec":
        for name in self.ignored:
            if name in (self.features or ()):
                raise Fault("must not be ignored, as data.features names it; remove one", "columns", name)
        return self

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> "DataSpec":
        if info.context != CHECKED:
            _check_needs(self, self.source)
        return self

    @property
    def ignored(self) -> list[str]:
        """The columns that are not read."""
        return [name for name, column in self.columns.items() if isinstance(column, IgnoredColumn)]

    @property
    def splits(self) -> dict[str, SplitSpec]:
        """The sections of the splits that the study has: `test`, then `validation`."""
        asked = {"test": self.test, "validation": self.validation}
        return {name: split for name, split in asked.items() if isinstance(split, SplitSpec)}

    @property
    def unread(self) -> list[str]:
        """Fields that are given though their source does not read them: `data.query` beside a CSV file."""
        sections: dict[str, DataSpec | SplitSpec] = {
            "data": self,
            **{f"data.{name}": split for name, split in self.splits.items()},
        }
        found: list[str] = []
        for where, section in sections.items():
            read = set().union(*fields_of(section.source)) if section.source else set()
            source = f" (source {section.source})" if section.source else ""
            found += [f"{where}.{n}{source}" for n in READ if n not in read and getattr(section, n, None)]
        return found


def _check_needs(section: Section, source: str, without: tuple[str, ...] = ()) -> None:
    for need in fields_of(source).needs:
        if need not in without and getattr(section, need, None) in (None, {}):
            raise Fault(f"is required for source {source}, but got nothing; add {need}: ...", need)
