"""The inputs of a model, made in batches of rows: what is large is never in memory as a whole."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from sparktune.columns.schema import Feature
from sparktune.data.mapped import allocate, let_go, rows_of
from sparktune.data.table import BATCH_ROWS, Table
from sparktune.errors import DataError

BATCH_NUMBERS = 2**24  # those of a batch take 64 MB at most
RawRows = tuple[tuple[Any, ...], ...]


@final
@dataclass(frozen=True)
class LeftOut:
    """A column that is not read though nobody said so.

    Attributes:
        name: its name.
        type: its type in Spark SQL.
        missing: training rows without a value.
        why: what speaks against it.
    """

    name: str
    type: str
    missing: int
    why: str


class InputColumn(ABC):
    """What makes numbers of a raw column; abstract."""

    feature: Feature

    @abstractmethod
    def numbers(self, values: Any, table: Table, start: int) -> np.ndarray:
        """The numbers (rows, width) of some rows: `values` of a table's column, from row `start` on.

        Raises:
            DataError: a value has no number.
        """


@final
@dataclass(frozen=True)
class InputColumns:
    """All that is known of the columns before x is made of them.

    Attributes:
        columns: those that the model sees.
        places: the numbers of each in a flat row of x.
        dtype: that of x.
        shape: that of a row of x.
        left_out: columns that are not read though nobody said so.
        example: raw values of a few training rows.
        errors: by name, why columns cannot be used.
    """

    columns: tuple[InputColumn, ...]
    places: tuple[slice, ...]
    dtype: np.dtype
    shape: tuple[int, ...]
    left_out: tuple[LeftOut, ...] = ()
    example: RawRows = ()
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def features(self) -> tuple[Feature, ...]:
        """The features, in order."""
        return tuple(column.feature for column in self.columns)

    @property
    def width(self) -> int:
        """Numbers per row."""
        return int(np.prod(self.shape))

    def read(self, table: Table, places: Sequence[np.ndarray], errors: dict[str, str]) -> list[np.ndarray]:
        """x (rows, *shape) of each of these sets of rows, whose numbers ascend.

        An array that is x already is not copied. What cannot be read is added to `errors`, by column.
        """
        whole = self._whole(table)
        if whole is not None:
            return [rows_of(whole, rows) for rows in places]
        found = [allocate((len(rows), self.width), self.dtype) for rows in places]
        step = max(1, min(BATCH_ROWS, BATCH_NUMBERS // max(self.width, 1)))
        start = 0
        for batch in table.batches([column.feature.name for column in self.columns], step):
            block = self._block(batch, table, start, errors)
            for x, rows in zip(found, places, strict=True):
                first, last = np.searchsorted(rows, (start, start + len(block)))
                x[first:last] = block[rows[first:last] - start]
                let_go(x)
            start += len(block)
        return [x.reshape(len(x), *self.shape) for x in found]

    def _block(self, batch: Sequence[Any], table: Table, start: int, errors: dict[str, str]) -> np.ndarray:
        """The numbers (rows, width) of a batch: columns of raw values, from row `start` on."""
        block = np.empty((len(batch[0]), self.width), self.dtype)
        for column, place, values in zip(self.columns, self.places, batch, strict=True):
            if column.feature.name not in errors:
                try:
                    block[:, place] = column.numbers(values, table, start)
                except DataError as error:
                    errors[column.feature.name] = str(error)
        return block

    def _whole(self, table: Table) -> np.ndarray | None:
        """The x of a table with a single plain feature whose column is an array of these numbers already."""
        feature = self.columns[0].feature
        values = table.columns[feature.name]
        if len(self.columns) > 1 or feature.encoder is not None or not isinstance(values, np.ndarray):
            return None
        values = values.view(np.uint8) if values.dtype == np.bool_ else values
        return values.reshape(len(values), *self.shape) if values.dtype == self.dtype else None


def read_inputs(
    columns: InputColumns, tables: Sequence[Table], places: Sequence[Sequence[np.ndarray]]
) -> list[list[np.ndarray]]:
    """For each table, x of each of its sets of rows.

    Raises:
        DataError: a line for each column that cannot be used.
    """
    errors = dict(columns.errors)
    found = [columns.read(table, rows, errors) for table, rows in zip(tables, places, strict=True)]
    refuse_together([*errors.values()])
    return found


def refuse_together(errors: Sequence[str]) -> None:
    """Raise one error for all columns that cannot be used.

    Raises:
        DataError: there are any.
    """
    if len(errors) == 1:
        raise DataError(errors[0])
    if errors:
        listed = "\n  ".join(errors)
        raise DataError(f"{len(errors)} feature columns cannot be used:\n  {listed}")
