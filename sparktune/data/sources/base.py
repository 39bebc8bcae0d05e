"""What a data source is, and how the one that a spec names is found and read."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol, final

from sparktune.data.table import Table
from sparktune.errors import DataError
from sparktune.spec import DataSpec, SplitSpec
from sparktune.spec.extensions import SOURCES


class ReadTable(Protocol):
    """Gives the pyarrow.Table of a Spark table, or of a SQL query."""

    def __call__(self, *, table: str | None = None, query: str | None = None) -> Any: ...


class Names(NamedTuple):
    """The columns of inputs, labels and weights, for a source that has no names of its own."""

    features: str = "features"
    label: str = "label"
    weight: str = "weight"


@final
@dataclass(frozen=True)
class Origin:
    """What a source reads: the fields of the spec's section, and what was handed over in Python.

    `where` names the section in messages: `data`, `data.validation` or `data.test`. `arrays` are the rows
    handed over (None where there are none), `read_table` reads Spark (None without Spark). `size` (height,
    width) and `channels` are those of all images of the study; None where each source finds out.
    """

    where: str
    path: str | None = None
    labels: str | None = None
    table: str | None = None
    query: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    channels: int | None = None
    names: Names = field(default_factory=Names)
    arrays: Any = None
    read_table: ReadTable | None = None

    def given(self, name: str) -> str:
        """What the field `path` or `labels` says.

        Raises:
            DataError: nothing.
        """
        found: str | None = getattr(self, name)
        if found is None:
            raise DataError(f"{self.where}.{name} is needed by this source, but got none; add it")
        return found

    def file(self, name: str = "path") -> Path:
        """The file, folder or glob in the field `path` or `labels`.

        Raises:
            DataError: the field is empty, or names nothing on the driver's file system.
        """
        given = self.given(name)
        if "://" in given:
            raise DataError(
                f"{self.where}.{name} must be a path of the driver's file system, but got {given!r}; sources "
                "parquet, csv and arrow take URIs"
            )
        found = Path(given).expanduser()
        if not found.exists() and not set("*?[") & set(given):
            raise DataError(
                f"{self.where}.{name} must exist, but there is nothing at {given!r} (seen from {Path.cwd()})"
            )
        return found


@final
@dataclass(frozen=True)
class Found:
    """The rows of a source, and its own test rows where it has some, as mnist has test images."""

    table: Table
    held_out: Table | None = None


class DataSource(ABC):
    """Reads the rows of one `data.source`; abstract.

    Another package adds a source with one class and one entry point: `[project.entry-points]`
    `"sparktune.sources" = {sensors = "my_package:Sensors"}`. Then `source: sensors` reads it. `needs` are the
    fields that the section must have, of path, labels, table, query and label; `uses` those that it may have
    besides. (Those of built-in sources are in `sparktune.spec.extensions`, so that a spec is checked without
    importing them.) Anything else that a source needs comes in `data.options`.

    Example:
        >>> import numpy as np
        >>> from sparktune.data import DataSource, Found, Origin, Table
        >>> class Sensors(DataSource):
        ...     uses = ("options",)
        ...
        ...     def read(self, origin: Origin) -> Found:
        ...         hours = np.arange(origin.options.get("hours", 24))
        ...         return Found(Table.of([("hour", hours), ("label", hours % 12 < 6)], origin.where))
        >>> len(Sensors().read(Origin("data", options={"hours": 48})).table)
        48
    """

    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()

    @abstractmethod
    def read(self, origin: Origin) -> Found:
        """The rows.

        Raises:
            DataError: names the field (with `origin.where` in front), the rule, the value and the way out.
        """


def read_source(section: DataSpec | SplitSpec, study: Origin) -> Found:
    """The rows of the source that a section names; `study` has what the section itself does not say.

    Raises:
        DataError: the source cannot be read, or gives no table.
    """
    where, source = study.where, SOURCES.load(str(section.source))
    if not (isinstance(source, type) and issubclass(source, DataSource)):
        raise DataError(
            f"{where}.source {section.source!r} must be a sparktune.DataSource, but is {source!r}"
        )
    given = {name: getattr(section, name) for name in ("path", "labels", "table", "query", "options")}
    found = source().read(replace(study, **given))
    if not isinstance(found, Found):
        raise DataError(
            f"{where}.source {section.source!r} must give a Found of tables, but gave {found!r:.80}; return "
            "Found(Table.of(columns, origin.where))"
        )
    return found
